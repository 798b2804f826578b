import json
import re
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app import belief_text
from app import map_text as text
from app.main import build_demo
from app.services import Photo, Problem, Services
from app.tabs.metric_space import answers
from app.view import MAPS, SPACES, Pick, View
from sadal_core.errors import DataError
from sadal_core.gallery.query import hardest_first, hardness, quadruplet
from sadal_core.gallery.stored import Gallery
from sadal_core.similarity import Similarity
from tests.fakes import estimate_of, services_for
from tests.planted_gallery import stored_gallery

NUMBER = 11
PICK = Pick("quadruplet", NUMBER)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return stored_gallery(tmp_path_factory.mktemp("gallery"))


@pytest.fixture(scope="module")
def services(gallery: Gallery) -> Services:
    return replace(services_for([]), gallery=gallery)


def values(services: Services) -> dict[str, Any]:
    """What the parts of the page start with, by name."""
    demo = build_demo(services)
    return {b.elem_id: getattr(b, "value", None) for b in demo.blocks.values() if b.elem_id}


def handlers(services: Services) -> dict[str, list[Callable[..., dict[Any, Any]]]]:
    found: dict[str, list[Any]] = {}
    for f in build_demo(services).fns.values():
        if f.fn is not None and f.fn.__module__ == "app.tabs.metric_space":
            found.setdefault(str(f.name), []).append(f.fn)
    return found


def by_name(update: dict[Any, Any]) -> dict[str, Any]:
    """An answer by the names of the parts; the states are called "view" and "pairs"."""
    states = {View: "view", tuple: "pairs"}
    return {getattr(p, "elem_id", None) or states[type(v)]: v for p, v in update.items()}


def event(data: Any) -> Any:
    return SimpleNamespace(_data=data)


def tables(html: str, columns: int) -> list[list[tuple[Any, ...]]]:
    """Rows of each table: the number of the picture, then what is written in the cells."""
    found = []
    for body in re.findall(r"<tbody>(.*?)</tbody>", html):
        rows = []
        for row in re.findall(r"<tr>(.*?)</tr>", body):
            left, top = map(int, re.findall(r"position:-(\d+)px -(\d+)px", row)[0])
            cells = re.findall(r"<td>([^<]*)</td>", row)
            rows.append((top // 36 * columns + left // 36, *cells))
        found.append(rows)
    return found


def neighbours(vectors: np.ndarray, point: np.ndarray, without: int | None) -> list[int]:
    distances = np.linalg.norm(vectors.astype(np.float64) - point, axis=1)
    return [int(n) for n in np.argsort(distances) if n != without][:8]


def test_the_page_starts_with_the_hardest_quadruplet_near_30_years(
    gallery: Gallery, services: Services
) -> None:
    parts = values(services)
    assert parts["sadal-pick-age"] == 30
    assert {"sadal-map", "sadal-map-kind", "sadal-map-space", "sadal-believe"} < set(parts)
    assert "sadal-map-problem" not in parts
    states = [getattr(b, "value", None) for b in build_demo(services).blocks.values()]
    (view,) = (state for state in states if isinstance(state, View))
    hard = hardness(dict(gallery.negatives)).reshape(2, -1).max(axis=0)
    of_age = np.flatnonzero(gallery.negatives["anchor_age"][:32] == 30)
    assert view == View(pick=Pick("quadruplet", int(of_age[hard[of_age].argmax()])))


def test_without_a_gallery_the_reason_is_said_and_the_other_views_are_there() -> None:
    problem = Problem("No <map>.", "Build a gallery & come back.")
    parts = values(replace(services_for([]), gallery=problem))
    assert "sadal-map" not in parts
    assert "No &lt;map&gt;." in parts["sadal-map-problem"]
    assert "Build a gallery &amp; come back." in parts["sadal-map-problem"]
    assert "sadal-q-l" in parts
    assert "sadal-map-problem" in values(services_for([]))


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("space", SPACES)
def test_a_whole_map_is_figures_marks_epochs_and_sheet_as_json(
    gallery: Gallery, services: Services, kind: str, space: str
) -> None:
    view = View().shown(kind=kind, space=space, epoch=1, pick=PICK)
    made = answers.whole_map(services, gallery, view, None)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["key"] == f"{view.kind}/{view.space}"
    assert len(made["figures"]) == len(made["marks"]) == (2 if space == "both" else 1)
    assert all(len(figure["data"]) == 2 for figure in made["figures"])
    assert made["sheet"] == {
        "url": f"/gradio_api/file={gallery.sheet}", "columns": gallery.about["pictures"]["columns"]
    }  # fmt: skip
    if view.has_epochs:
        assert made["epoch"] == 1
        assert [tuple(e.values()) for e in made["epochs"]] == [(1, False), (2, True), (3, True)]
        assert len(made["figures"][0]["frames"]) == 3
    else:
        assert made["epoch"] is made["epochs"] is None
    alone = answers.marks_alone(services, gallery, view, None)
    assert alone == {name: made[name] for name in ("key", "marks", "texts")}
    told = {"kind": view.kind, "space": view.space, "pick": f"quadruplet:{NUMBER}"}
    assert made["texts"] == told | ({"epoch": "2"} if view.has_epochs else {})


def test_faces_of_a_photo_are_visitors_in_the_spaces_that_are_known(services: Services) -> None:
    faces = (estimate_of(33), estimate_of(58))
    photo = Photo("me.png", np.zeros((4, 4, 3), np.uint8), faces)
    for nobody in (None, "photo", 3, Problem("", "")):
        assert answers.visitors(services, nobody) == []
    first, second = answers.visitors(services, photo)
    assert (first.label, second.label) == (
        "Your face 1, estimated 33 years", "Your face 2, estimated 58 years"
    )  # fmt: skip
    assert set(first.vectors) == {"after"}
    np.testing.assert_array_equal(first.vectors["after"], faces[0].embedding)
    doubled = replace(services, standardise=lambda features: 2 * features)
    (alone,) = answers.visitors(doubled, replace(photo, faces=faces[:1]))
    assert alone.label == "Your face, estimated 33 years"
    np.testing.assert_array_equal(alone.vectors["before"], 2 * faces[0].features)


def test_places_from_the_hardest_are_clamped_to_those_there_are(gallery: Gallery) -> None:
    order = hardest_first(gallery, 40).tolist()
    assert len(order) == 4

    def at(place: float | None, step: int, age: int | None = 40) -> tuple[int, int]:
        pick, shown = answers.by_rank(gallery, age, place, step)
        assert pick.kind == "quadruplet"
        return pick.row, shown

    assert [at(place, 0) for place in (1, 2, 3, 4)] == list(zip(order, (1, 2, 3, 4), strict=True))
    assert at(2, 1) == (order[2], 3)
    assert at(2, -1) == at(1, -1) == at(-50, 0) == at(None, 0) == at(0, 0) == (order[0], 1)
    assert at(4, 1) == at(10**9, 0) == at(1e300, 1) == (order[3], 4)
    everything = hardest_first(gallery).tolist()
    for any_age in (-1, None):
        assert at(32, 0, any_age) == (everything[31], 32)
    pick, shown = answers.by_rank(gallery, 23, 5, 1)
    assert shown == 1
    with pytest.raises(DataError):
        answers.about_pick(gallery, View(pick=pick))
    assert answers.anchor_ages(gallery) == [25, 30, 35, 40, 45, 50, 55, 60]


@pytest.mark.parametrize("row", ["1", 1.0, True, None, [1], {}, float("nan")])
def test_what_is_no_row_or_epoch_is_none(gallery: Gallery, row: Any) -> None:
    assert answers.pick_of({"kind": "real", "row": row}) == Pick("real", -1)
    assert answers.epoch_of(gallery, {"epoch": row}) is None


@pytest.mark.parametrize("data", [None, [], "real", 5, {}, {"kind": ["real"], "row": 1}])
def test_a_forged_message_picks_nothing_that_there_is(gallery: Gallery, data: Any) -> None:
    with pytest.raises(DataError, match="The gallery has no"):
        answers.about_pick(gallery, View(pick=answers.pick_of(data)))
    assert answers.epoch_of(gallery, data) is None


def test_the_last_epoch_is_the_finished_metric_and_others_must_exist(gallery: Gallery) -> None:
    sent = [-1, 0, 1, 2, 3, 10**30]
    assert [answers.epoch_of(gallery, {"epoch": e}) for e in sent] == [None, 0, 1, None, None, None]
    assert answers.epoch_of(replace(gallery, epochs=None), {"epoch": 0}) is None
    assert answers.pick_of({"kind": "generated", "row": 3, "more": 1}) == Pick("generated", 3)


@pytest.mark.parametrize("space", ["after", "before"])
def test_the_panel_lists_the_nearest_in_order_with_true_distances(
    gallery: Gallery, space: str
) -> None:
    columns = gallery.about["pictures"]["columns"]
    for row in (0, 13, 39):
        html = answers.about_pick(gallery, View(kind="pca", space=space, pick=Pick("real", row)))
        listed = tables(html, columns)[-1]
        vectors = gallery.space(space)
        assert [line[0] for line in listed] == neighbours(vectors, vectors[row], row)
        for sample, age, distance, gap, q in listed:
            exact = np.linalg.norm(vectors[sample].astype(np.float64) - vectors[row]) ** 2
            assert (age, distance) == (str(gallery.ages[sample]), f"{exact:.3f}")
            assert int(gap) == abs(int(gallery.ages[sample] - gallery.ages[row]))
            assert q == f"{Similarity()(float(gap)):.2f}"
        assert text.neighbours(space) in html
        assert f"Real sample of {gallery.ages[row]} years, {gallery.ids[row]}" in html


def test_a_generated_negative_has_neighbours_in_the_metric_whatever_is_shown(
    gallery: Gallery,
) -> None:
    columns = gallery.about["pictures"]["columns"]
    for space in ("after", "before"):
        html = answers.about_pick(gallery, View(space=space, pick=Pick("generated", 40)))
        listed = tables(html, columns)[-1]
        made = gallery.negative_embeddings[40]
        assert [line[0] for line in listed] == neighbours(gallery.embeddings, made, None)
        age = gallery.negatives["source_age"][40]
        assert text.neighbours("after") in html
        assert f"Generated from a negative of {age} years" in html
        assert listed[0][3] == str(abs(int(gallery.ages[int(listed[0][0])] - age)))


def test_the_quadruplet_is_listed_with_its_distances(gallery: Gallery) -> None:
    q, table = quadruplet(gallery, NUMBER), gallery.negatives
    html = answers.about_pick(gallery, View(pick=PICK))
    younger, older = tables(html, gallery.about["pictures"]["columns"])[0]
    for line, source, row, name in (
        (younger, q.younger, q.rows[0], "younger"), (older, q.older, q.rows[1], "older"),
    ):  # fmt: skip
        expected = [table[c][row] for c in ("q", "distance_before", "distance_after", "demanded")]
        assert line[:2] == (source, f"{name}, {gallery.ages[source]} years")
        np.testing.assert_allclose([float(cell) for cell in line[2:]], expected, atol=0.0051)
    pull = np.linalg.norm(gallery.embeddings[q.anchor] - gallery.embeddings[q.positive]) ** 2
    assert text.quadruplet(int(gallery.ages[q.anchor]), f"{pull:.2f}") in html
    untold = answers.about_pick(gallery, View(epoch=0, pick=PICK))
    assert [line[4] for line in tables(untold, 99)[0]] == ["–", "–"]
    assert text.NO_QUADRUPLET in answers.about_pick(gallery, View(pick=Pick("real", 0)))
    assert text.PICK_NOTHING in answers.about_pick(gallery, View())


def test_how_far_to_believe_says_the_numbers_of_the_maps_shown(gallery: Gallery) -> None:
    known = json.loads(json.dumps(gallery.about))
    for n, numbers in enumerate(known["maps"]["faithfulness"].values()):
        numbers |= {"trustworthiness": 0.9 + n / 1000, "overlap": 0.3 + n / 100}
    known["maps"]["epochs"] = [{"trustworthiness": 0.7 + n / 10, "overlap": 0.2} for n in range(3)]
    known["maps"]["umap"] |= {"n_neighbors": 17, "min_dist": 0.25, "seed": 6}
    known["maps"]["agreement"] = {"new faces": {"points": 63, "median": 0.012, "own_median": 0.034}}
    told, faithful = replace(gallery, about=known), known["maps"]["faithfulness"]
    for kind in MAPS:
        html = answers.believe(told, View(kind=kind, space="both"))
        name = MAPS[kind][0]
        others = (f"after-{name}", f"before-{'umap' if kind == 'joint' else name}")
        for space, shown in zip(("After", "Before"), others, strict=True):
            assert (
                f"{space} SADAL: trustworthiness {faithful[shown]['trustworthiness']:.3f}" in html
            )
            assert f"{100 * faithful[shown]['overlap']:.0f}\u00a0% of the 15" in html
        assert ("n_neighbors 17, min_dist 0.25, seed 6" in html) == (not kind.startswith("pca"))
        assert ("together" in html) == (kind == "joint")
        assert all(warning in html for warning in belief_text.WARNINGS)
    html = answers.believe(told, View(epoch=1))
    assert "trustworthiness 0.800" in html
    assert "1.2\u00a0% of the map" in html
    assert "median of 63" in html
    assert "3.4\u00a0% away" in html


def test_a_click_picks_what_there_is_and_is_refused_in_words_otherwise(
    gallery: Gallery, services: Services
) -> None:
    (clicked,) = handlers(services)["clicked"]
    answer = by_name(clicked(View("pca"), None, event({"kind": "real", "row": 13})))
    assert answer["view"] == (view := View("pca", pick=Pick("real", 13)))
    assert answer["sadal-map"] == answers.marks_alone(services, gallery, view, None)
    assert answer["sadal-picked"] == answers.about_pick(gallery, view)
    for forged in (None, {"kind": "real", "row": 40}, {"kind": "<b>", "row": 0}):
        answer = by_name(clicked(View(), None, event(forged)))
        assert list(answer) == ["sadal-picked"]
        assert text.FORGED in answer["sadal-picked"]
        assert "<b>" not in answer["sadal-picked"]


def test_choices_epochs_and_places_lead_to_a_new_view(gallery: Gallery, services: Services) -> None:
    found = handlers(services)
    answer = by_name(found["shown_as"][0]("joint", "before", View(pick=PICK, epoch=1), None))
    assert answer["view"] == View("umap", "before", pick=PICK)
    assert len(answer["sadal-map"]["figures"]) == 1
    for sent, epoch in ((1, 1), (2, None), ("1", None)):
        answer = by_name(found["at_epoch"][0](View(), None, event({"epoch": sent})))
        assert answer["view"] == View(epoch=epoch)
        assert "figures" not in answer["sadal-map"]
    order = hardest_first(gallery, 40).tolist()
    for go, place in zip(found["go"], (2, 1, 3), strict=True):  # place, harder, easier
        answer = by_name(go(View(), 40, 2, None))
        assert answer["view"].pick == Pick("quadruplet", order[place - 1])
        assert answer["sadal-pick-rank"] == place
    answer = by_name(found["chosen"][0](View(), event({"real": [3], "generated": [True]})))
    assert [answer[f"sadal-{name}"]["visible"] for name in ("ages", "gaps", "table")] == [True] * 3
    assert "1 real samples and 0 generated" in answer["sadal-chosen"]
