"""What the bundled lessons take for right is what the core computes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.lessons import Question, load_lessons
from sadal_core.collapse import Alarm
from sadal_core.errors import LabError
from sadal_core.gallery.stored import BUNDLED_GALLERY, Gallery, load_gallery
from sadal_core.lab.state import read_state
from sadal_core.similarity import Similarity

pytestmark = pytest.mark.skipif(
    not (BUNDLED_GALLERY / "about.json").is_file(), reason="the bundled gallery is not here"
)


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return load_gallery(BUNDLED_GALLERY)


def texts_of(link: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in link.split("&"))
    return {name: text for name, _, text in pairs if name not in ("view", "lock", "hide")}


def record(link: str, gallery: Gallery) -> dict[str, Any]:
    state, notes = read_state(texts_of(link))
    assert notes == []
    return state.lab(gallery if state.data == "faces" else None).records[-1]


def crossing(link: str, gallery: Gallery) -> float:
    texts = texts_of(link)
    q = Similarity(texts["variant"], float(texts["L"]), float(texts["eps"]))
    gaps = np.linspace(0, 80, 8001)
    return float(gaps[(q(gaps) >= 1).argmax()])


def demanded_at_40(link: str, gallery: Gallery) -> float:
    texts = texts_of(link)
    q = Similarity(texts["variant"], float(texts["L"]), float(texts["eps"]))
    return q.demanded_distance(40.0, tau=float(texts["tau"]), q_on=texts["on"])


def of_record(name: str) -> Callable[[str, Gallery], float]:
    return lambda link, gallery: record(link, gallery)[name]


def neighbours_kept(link: str, gallery: Gallery) -> float:
    return 100 * gallery.about["maps"]["faithfulness"]["after-umap"]["overlap"]


# What a number is that a lesson asks for, by lesson and step.
NUMBERS: dict[tuple[str, int], Callable[[str, Gallery], float]] = {
    ("what-is-a-metric", 3): lambda link, gallery: (1 - -1) ** 2,
    ("why-age-gaps-matter", 1): crossing,
    ("why-age-gaps-matter", 2): demanded_at_40,
    ("what-a-hard-negative-is", 3): lambda link, gallery: 0.5,  # by definition of the midpoint
    ("what-the-generator-learns", 2): of_record("probe_copy_ratio"),
    ("how-it-can-fail", 1): of_record("probe_adversary_active"),
    ("how-it-can-fail", 5): of_record("validation_order_correlation"),
    ("reading-a-umap-honestly", 1): neighbours_kept,
    ("your-own-face", 1): lambda link, gallery: 0.8 * 10,
}


def numeric() -> list[tuple[str, int, str, Question]]:
    lessons, wrong = load_lessons()
    assert wrong == []
    return [
        (lesson.name, number, step.link, step.question)
        for lesson in lessons.values()
        for number, step in enumerate(lesson.steps, start=1)
        if step.question is not None and not step.question.choices
    ]


@pytest.mark.parametrize(("name", "step", "link", "question"), numeric())
def test_numbers_are_right(
    name: str, step: int, link: str, question: Question, gallery: Gallery
) -> None:
    true = NUMBERS[name, step](link, gallery)
    assert question.accepts(f"{true:.4g}")
    assert abs(true - question.answer) <= question.within / 2 + 1e-9, "well inside the tolerance"


def link_of(name: str, step: int) -> str:
    return load_lessons()[0][name].steps[step - 1].link


def test_the_tug_of_war_ends_where_the_lesson_says(gallery: Gallery) -> None:
    assert record(link_of("what-the-generator-learns", 3), gallery)["probe_copy_ratio"] < 0.1
    back = record(link_of("what-the-generator-learns", 4), gallery)["probe_copy_ratio"]
    assert back == pytest.approx(1, abs=0.05)
    trained = link_of("what-the-generator-learns", 5)
    halfway = trained.replace("preset=corrected", "preset=midpoint")
    found = [record(link, gallery)["validation_order_correlation"] for link in (trained, halfway)]
    assert found == pytest.approx([0.885, 0.895], abs=0.003)


def test_failures_fail_as_the_lesson_says(gallery: Gallery) -> None:
    collapsed = record(link_of("how-it-can-fail", 2), gallery)
    assert collapsed["probe_total_variance"] < 1e-3
    assert collapsed["metric_loss"] < 0.1, "a small loss proves nothing"
    paper = record(link_of("how-it-can-fail", 3), gallery)
    assert Alarm.UNSATISFIED_METRIC in paper["alarms"]
    with pytest.raises(LabError, match="has diverged"):
        record(link_of("how-it-can-fail", 4) + "&turns=60b", gallery)


def test_negatives_are_harder_once_generated(gallery: Gallery) -> None:
    columns = gallery.negatives
    assert np.median(columns["distance_after"]) < np.median(columns["distance_before"])


def test_the_quadruplet_that_is_looked_at_has_harder_negatives(gallery: Gallery) -> None:
    from app.engine import Engine
    from app.generated import Wanted, drawn_quadruplet
    from sadal_core.manifest import BUNDLED_MODEL

    if not (BUNDLED_MODEL / "manifest.json").is_file():
        pytest.skip("the bundled model is not here")
    texts = texts_of(link_of("what-a-hard-negative-is", 2))
    anchor, younger, older, draw = (int(texts[n]) for n in ("age", "younger", "older", "draw"))
    drawn = drawn_quadruplet(gallery, Wanted(anchor, younger, older, draw, texts["generator"]))
    made = Engine(BUNDLED_MODEL).generate(gallery, drawn, texts["generator"])
    assert (made.distance_after < made.distance_before).all()


def test_the_learned_distance_exceeds_the_demanded_one_at_40_years() -> None:
    from app.curves import learned
    from sadal_core.manifest import BUNDLED_MODEL, check_folder

    if not (BUNDLED_MODEL / "manifest.json").is_file():
        pytest.skip("the bundled model is not here")
    curve = learned(check_folder(BUNDLED_MODEL), "sadal")
    assert curve is not None
    assert float(curve.mean[curve.gaps == 40][0]) > 1.25
