from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from app.scene import marks, places
from app.view import MAPS, Pick, View, Visitor, chosen_quadruplet, distances
from sadal_core.errors import DataError
from sadal_core.gallery.placement import place_on
from sadal_core.gallery.query import quadruplet, quadruplets
from sadal_core.gallery.stored import Gallery
from sadal_core.hard_negatives import hard_negatives
from sadal_core.objective import Objective
from sadal_core.quadruplets import Quadruplets
from tests.planted_gallery import planted_gallery
from tests.planted_metric import planted_faces, planted_metric, quick_gallery

MAP_OF = {
    ("umap", "after"): ("after-umap", 2), ("umap", "before"): ("before-umap", 2),
    ("umap3", "after"): ("after-umap3", 3), ("umap3", "before"): ("before-umap3", 3),
    ("pca", "after"): ("after-pca", 2), ("pca", "before"): ("before-pca", 2),
    ("pca3", "after"): ("after-pca", 3), ("pca3", "before"): ("before-pca", 3),
    ("joint", "after"): ("after-joint", 2), ("joint", "before"): ("before-umap", 2),
}  # fmt: skip
NUMBER = 11
PICK = Pick("quadruplet", NUMBER)
Lines = dict[tuple[tuple[float, ...], tuple[float, ...]], str]


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return planted_gallery()


def drawn(make: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Figures, whose attributes plotly makes at run time, unseen by type checkers."""
    return make(*arguments)


def spots(trace: Any) -> np.ndarray:
    """Places of a trace's points, (N, axes)."""
    return np.stack([getattr(trace, a) for a in "xyz" if getattr(trace, a, None) is not None], 1)


def key(place: np.ndarray) -> tuple[float, ...]:
    return tuple(np.round(place.astype(np.float64), 4).tolist())


def lines_of(figure: Any, layer: str = "lines") -> Lines:
    """What is written on each line, by its two ends."""
    found: Lines = {}
    for trace in figure.data:
        if trace.mode.startswith("lines") and trace.meta["layer"] == layer:
            start, middle, end = spots(trace)
            np.testing.assert_allclose(middle, (start + end) / 2, atol=1e-5)
            found[key(start), key(end)] = trace.text[1]
    return found


def role_places(figure: Any) -> dict[str, list[tuple[float, ...]]]:
    return {t.name: [key(p) for p in spots(t)] for t in figure.data if t.mode == "markers"}


@pytest.mark.parametrize(("kind", "space"), MAP_OF)
def test_places_are_those_of_the_stored_map(gallery: Gallery, kind: str, space: str) -> None:
    assert {(kind, space) for kind in MAPS for space in ("after", "before")} == set(MAP_OF)
    name, axes = MAP_OF[kind, space]
    samples, negatives = places(gallery, View(kind=kind), space)
    np.testing.assert_array_equal(samples, gallery.maps[name][:, :axes])
    np.testing.assert_array_equal(negatives, gallery.negative_maps[name][:, :axes])
    assert samples.shape == (40, axes)


def test_places_at_an_epoch_are_those_of_that_epoch_after_sadal_only(gallery: Gallery) -> None:
    assert gallery.epochs is not None
    for epoch in range(3):
        samples, negatives = places(gallery, View(epoch=epoch), "after")
        np.testing.assert_array_equal(samples, gallery.epochs.samples[epoch])
        np.testing.assert_array_equal(negatives, gallery.epochs.negatives[epoch])
        before = places(gallery, View(space="both", epoch=epoch), "before")
        np.testing.assert_array_equal(before[0], gallery.maps["before-umap"])
    without = replace(gallery, epochs=None)
    np.testing.assert_array_equal(
        places(without, View(epoch=0), "after")[0], gallery.maps["after-umap"]
    )


@pytest.mark.parametrize(
    ("view", "changes", "expected"),
    [
        (View("joint"), {"space": "before"}, View("umap", "before")),
        (View("umap", "before"), {"kind": "joint"}, View("umap", "before")),
        (View("joint"), {"space": "both"}, View("joint", "both")),
        (View(epoch=1), {"kind": "pca"}, View("pca")),
        (View(epoch=1), {"kind": "umap3"}, View("umap3")),
        (View(epoch=1), {"space": "before"}, View(space="before")),
        (View(epoch=1), {"space": "both"}, View(space="both", epoch=1)),
        (View("pca"), {"epoch": 1}, View("pca")),
        (View(epoch=1, pick=PICK), {"epoch": None}, View(pick=PICK)),
        (View(epoch=1), {"pick": PICK}, View(epoch=1, pick=PICK)),
    ],
)
def test_a_view_gives_up_what_does_not_fit(
    view: View, changes: dict[str, Any], expected: View
) -> None:
    assert view.shown(**changes) == expected


def expected_lines(gallery: Gallery, view: View, space: str, written: list[float]) -> Lines:
    """Lines of the quadruplet: younger before and after, older before and after, the pull."""
    samples, negatives = places(gallery, view, space)
    q = quadruplet(gallery, NUMBER)
    ends = [
        (samples[q.anchor], samples[q.younger]), (samples[q.anchor], negatives[q.rows[0]]),
        (samples[q.positive], samples[q.older]), (samples[q.positive], negatives[q.rows[1]]),
        (samples[q.anchor], samples[q.positive]),
    ]  # fmt: skip
    return {(key(a), key(b)): f"{v:.2f}" for (a, b), v in zip(ends, written, strict=True)}


def squared(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one.astype(np.float64) - other) ** 2)


def measured(gallery: Gallery, space: str, negatives: np.ndarray) -> list[float]:
    """The five distances from vectors alone."""
    q, vectors = quadruplet(gallery, NUMBER), gallery.space(space)
    return [
        squared(vectors[q.anchor], vectors[q.younger]),
        squared(vectors[q.anchor], negatives[q.rows[0]]),
        squared(vectors[q.positive], vectors[q.older]),
        squared(vectors[q.positive], negatives[q.rows[1]]),
        squared(vectors[q.anchor], vectors[q.positive]),
    ]


@pytest.mark.parametrize("kind", MAPS)
def test_after_sadal_a_line_says_the_distance_of_the_embeddings(
    gallery: Gallery, kind: str
) -> None:
    (figure,) = drawn(marks, gallery, View(kind=kind, pick=PICK))
    numbers = measured(gallery, "after", gallery.negative_embeddings)
    assert lines_of(figure) == expected_lines(gallery, View(kind=kind), "after", numbers)
    assert len({f"{number:.2f}" for number in numbers}) == 5
    on_the_map = places(gallery, View(kind=kind), "after")[0]
    q = quadruplet(gallery, NUMBER)
    assert abs(squared(on_the_map[q.anchor], on_the_map[q.younger]) - numbers[0]) > 0.01
    notes = {note.text: (note.x, note.y) for note in figure.layout.annotations if note.text}
    middles = {said: np.mean(ends, axis=0) for ends, said in lines_of(figure).items()}
    assert set(notes) == (set(middles) if MAPS[kind][1] == 2 else set())
    for said, place in notes.items():
        np.testing.assert_allclose(place, middles[said], atol=1e-3)


def test_before_sadal_a_line_says_the_distance_of_the_features() -> None:
    gallery = quick_gallery(epochs=1)
    metric = planted_metric(planted_faces())
    assert metric.generator is not None
    table, total = gallery.negatives, quadruplets(gallery)
    halves = [table["anchor"], table["positive"], table["source"]]
    rows = Quadruplets(halves[0][:total], halves[1][:total], halves[2][:total], halves[2][total:])
    features = torch.from_numpy(gallery.features)
    made = hard_negatives(  # whose features the gallery does not keep
        metric.generator, metric.head, features, gallery.ages, rows, Objective()
    )
    for view in (View(space="before", pick=PICK), View(space="both", pick=PICK)):
        figure = drawn(marks, gallery, view)[-1]
        numbers = measured(gallery, "before", made.features)
        assert lines_of(figure) == expected_lines(gallery, view, "before", numbers)
    assert len({f"{number:.2f}" for number in numbers}) == 5


def test_at_an_epoch_the_lines_say_the_distances_of_that_epoch(gallery: Gallery) -> None:
    epochs, q = gallery.epochs, quadruplet(gallery, NUMBER)
    assert epochs is not None
    younger, older = q.rows
    said = []
    for epoch in (1, 2):
        view = View(epoch=epoch, pick=PICK)
        (figure,) = drawn(marks, gallery, view)
        kept = (epochs.before, epochs.after, epochs.positive)
        before, after, pull = (column[epoch] for column in kept)
        numbers = [before[younger], after[younger], before[older], after[older], pull[younger]]
        assert lines_of(figure) == expected_lines(gallery, view, "after", numbers)
        said.append(sorted(lines_of(figure).values()))
        found = distances(gallery, view, "after", older)
        assert found == {"before": numbers[2], "after": numbers[3], "positive": pull[older]}
    assert said[0] != said[1]
    # The last epoch is the finished metric, but for what 16 bits have rounded.
    finished = measured(gallery, "after", gallery.negative_embeddings)
    np.testing.assert_allclose(numbers, finished, rtol=2e-3)


def test_before_the_generator_learns_no_line_leads_to_a_generated_negative(
    gallery: Gallery,
) -> None:
    (figure,) = drawn(marks, gallery, View(epoch=0, pick=PICK))
    assert len(lines_of(figure)) == 3
    assert lines_of(figure, "arrows") == {}
    assert len(lines_of(drawn(marks, gallery, View(pick=PICK))[0])) == 5


@pytest.mark.parametrize(("kind", "space"), MAP_OF)
def test_every_role_is_marked_at_its_place(gallery: Gallery, kind: str, space: str) -> None:
    view, q = View(kind=kind, space=space, pick=PICK), quadruplet(gallery, NUMBER)
    samples, negatives = places(gallery, view, space)
    (figure,) = drawn(marks, gallery, view)
    names = ("anchor", "positive", "younger", "older")
    roles = {name: [key(samples[getattr(q, name)])] for name in names}
    generated = [key(negatives[row]) for row in q.rows]
    assert role_places(figure) == {**roles, "generated": generated}
    ages = {t.name: list(t.text) for t in figure.data if t.mode == "markers"}
    assert ages["younger"] == [f"younger, {gallery.ages[q.younger]} years"]
    assert ages["generated"] == [
        f"generated, {gallery.ages[source]} years" for source in (q.younger, q.older)
    ]
    arrows = {(roles["younger"][0], generated[0]), (roles["older"][0], generated[1])}
    assert set(lines_of(figure, "arrows")) == arrows
    heads = [n for n in figure.layout.annotations if n.showarrow]
    named = [*(t.meta["layer"] for t in figure.data), *(n.name for n in figure.layout.annotations)]
    assert set(named) == {"lines", "arrows"}
    if MAPS[kind][1] == 2:
        drawn_arrows = {(key(np.array([n.ax, n.ay])), key(np.array([n.x, n.y]))) for n in heads}
        assert drawn_arrows == arrows
    else:
        assert heads == []


def test_a_point_leads_to_its_quadruplet(gallery: Gallery) -> None:
    q = quadruplet(gallery, NUMBER)
    picks = [Pick("real", q.anchor), *(Pick("generated", row) for row in q.rows), PICK]
    assert [chosen_quadruplet(gallery, pick) for pick in picks] == [q] * 4
    assert chosen_quadruplet(gallery, None) is None
    assert drawn(marks, gallery, View())[0].data == ()


def test_a_sample_that_anchors_no_quadruplet_is_marked_alone(gallery: Gallery) -> None:
    youngest = int(gallery.ages.argmin())
    view = View(space="both", pick=Pick("real", youngest))
    assert chosen_quadruplet(gallery, view.pick) is None
    for figure, space in zip(drawn(marks, gallery, view), view.spaces, strict=True):
        samples, _ = places(gallery, view, space)
        assert role_places(figure) == {"anchor": [key(samples[youngest])]}


@pytest.mark.parametrize(
    "pick",
    [
        Pick("real", -1), Pick("real", 40), Pick("generated", 64), Pick("quadruplet", 32),
        Pick("quadruplet", -1), Pick("generated", 10**30), Pick("None", 0), Pick("", -1),
    ],
)  # fmt: skip
def test_a_point_that_is_not_there_is_refused(gallery: Gallery, pick: Pick) -> None:
    for ask in (chosen_quadruplet, lambda gallery, pick: marks(gallery, View(pick=pick))):
        with pytest.raises(DataError, match=f"The gallery has no .*{pick.row}"):
            ask(gallery, pick)


@pytest.mark.parametrize("kind", MAPS)
def test_a_visitor_lies_where_the_map_places_such_a_vector(gallery: Gallery, kind: str) -> None:
    rng = np.random.default_rng(4)
    vectors = {"after": gallery.embeddings[3] + rng.normal(0, 0.1, 8),
               "before": gallery.features[3] + rng.normal(0, 0.1, 12)}  # fmt: skip
    visitors = [Visitor("You", vectors), Visitor("Half known", {"after": vectors["after"]})]
    view = View(kind=kind, space="both")
    after, before = drawn(marks, gallery, view, visitors)
    for figure, space, count in ((after, "after", 2), (before, "before", 1)):
        name, axes = MAP_OF[kind, space]
        at = place_on(name, vectors[space][None], gallery.space(space), gallery.maps[name])[0]
        assert role_places(figure) == {"you": [key(at[:axes])] * count}
        assert figure.data[-1].meta == {"layer": "you"}
        assert list(figure.data[-1].text) == ["You", "Half known"][:count]
        near = np.linalg.norm(gallery.maps[name][:, :axes] - at[:axes], axis=1)
        assert near[3] < np.median(near)


def test_a_face_of_the_gallery_lies_on_its_own_point(gallery: Gallery) -> None:
    visitor = Visitor("You", {"after": gallery.embeddings[8], "before": gallery.features[8]})
    for kind, space in MAP_OF:
        (figure,) = drawn(marks, gallery, View(kind=kind, space=space), [visitor])
        own = places(gallery, View(kind=kind), space)[0][8]
        np.testing.assert_allclose(spots(figure.data[0])[0], own, atol=1e-4)


def test_at_an_epoch_no_visitor_is_placed(gallery: Gallery) -> None:
    visitor = Visitor("You", {"after": gallery.embeddings[8]})
    assert drawn(marks, gallery, View(epoch=1), [visitor])[0].data == ()
    assert "you" not in role_places(drawn(marks, gallery, View(epoch=1, pick=PICK), [visitor])[0])
