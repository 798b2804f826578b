from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app import map_text as text
from app.components.figure import figure_data
from app.components.legend import legend
from app.figures.metric_map import MapPoints, Moment, metric_map
from app.figures.negatives import distances_by_age_gap, generators_compared, segment_plane
from app.figures.quadruplet_marks import ROLES, Line, Mark, quadruplet_marks
from app.figures.selection import age_histogram, distances_by_gap
from app.palette import BLUE, ORANGE
from app.scene import places, scene
from app.view import MAPS, SPACES, Pick, View
from sadal_core.gallery.stored import Gallery
from tests.planted_gallery import planted_gallery

NOTHING = np.empty(0)


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return planted_gallery()


def drawn(make: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """A figure, whose attributes plotly makes at run time, unseen by type checkers."""
    return make(*arguments, **options)


def spots(trace: Any) -> np.ndarray:
    """Places of a trace's points, (N, axes)."""
    return np.stack([getattr(trace, a) for a in "xyz" if getattr(trace, a, None) is not None], 1)


def titles(figure: Any) -> tuple[str, str]:
    return figure.layout.xaxis.title.text, figure.layout.yaxis.title.text


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("space", ["after", "before"])
def test_a_map_has_samples_negatives_titles_and_ranges(
    gallery: Gallery, kind: str, space: str
) -> None:
    (figure,) = drawn(scene, gallery, View(kind=kind, space=space))
    real, generated = figure.data
    samples, negatives = places(gallery, View(kind=kind), space)
    np.testing.assert_allclose(spots(real), samples, rtol=1e-6)
    np.testing.assert_allclose(spots(generated), negatives, rtol=1e-6)
    assert [t.meta["layer"] for t in figure.data] == ["real", "generated"]
    assert generated.marker.color == ORANGE
    np.testing.assert_array_equal(real.marker.color, gallery.ages)
    rows = np.arange(40)
    np.testing.assert_array_equal(real.customdata, np.stack([rows, rows, gallery.ages], axis=1))
    row, picture, age = generated.customdata.T
    np.testing.assert_array_equal(row, np.arange(64))
    np.testing.assert_array_equal(age, gallery.negatives["source_age"])
    gaps = gallery.negative_embeddings[:, None] - gallery.embeddings[None]
    np.testing.assert_array_equal(picture, (gaps.astype(float) ** 2).sum(axis=2).argmin(axis=1))
    assert figure.layout.title.text == text.MAP_TITLES[space]
    flat, layout = samples.shape[1] == 2, figure.layout
    assert real.type == generated.type == ("scattergl" if flat else "scatter3d")
    axes = [getattr(layout if flat else layout.scene, f"{a}axis") for a in "xyz"[: len(samples.T)]]
    unit = "unit of the space" if kind.startswith("pca") else "no unit"
    for number, axis in enumerate(axes, start=1):
        assert f" {number} ({unit})" in axis.title.text
        inside = np.concatenate([samples, negatives])[:, number - 1]
        assert axis.range[0] < inside.min() < inside.max() < axis.range[1]


def test_the_axes_hold_all_epochs_and_every_epoch_is_a_frame(gallery: Gallery) -> None:
    epochs = gallery.epochs
    assert epochs is not None
    moved = epochs.samples * np.array([3, 2, 1], np.float32)[:, None, None]
    wide = replace(gallery, epochs=replace(epochs, samples=moved))
    (figure,) = drawn(scene, wide, View(epoch=1, pick=Pick("quadruplet", 0)))
    assert [frame.name for frame in figure.frames] == ["1", "2", "3"]
    for frame, generating, samples, negatives in zip(
        figure.frames, epochs.generating, moved, epochs.negatives, strict=True
    ):
        np.testing.assert_allclose(spots(frame.data[0]), samples, rtol=1e-6)
        made = spots(frame.data[1])
        assert np.isnan(made).all() == (not generating)
        if generating:
            np.testing.assert_allclose(made, negatives, rtol=1e-6)
        for axis, column in zip((figure.layout.xaxis, figure.layout.yaxis), samples.T, strict=True):
            assert axis.range[0] < column.min() < column.max() < axis.range[1]
    assert epochs.generating.tolist() == [False, True, True]
    # The traces themselves are of the finished metric, at whichever epoch the page is.
    np.testing.assert_allclose(spots(figure.data[0]), gallery.maps["after-umap"], rtol=1e-6)
    assert figure.layout.xaxis.range[1] > 1.5 * gallery.maps["after-umap"][:, 0].max()


def test_only_the_map_that_was_recorded_has_epochs(gallery: Gallery) -> None:
    for kind in MAPS:
        for space in SPACES:
            frames = [len(f.frames) for f in drawn(scene, gallery, View(kind=kind, space=space))]
            main = 3 if kind == "umap" and space != "before" else 0
            assert frames == ([main, 0] if space == "both" else [main])
    (still,) = drawn(scene, replace(gallery, epochs=None), View())
    assert len(still.frames) == 0


def points(count: int, axes: int = 2) -> MapPoints:
    rows = np.arange(count)
    return MapPoints(np.arange(count * axes, dtype=float).reshape(count, axes), rows, rows, rows)


@pytest.mark.parametrize("axes", [2, 3])
def test_a_map_of_one_sample_without_negatives_has_axes_around_it(axes: int) -> None:
    figure = drawn(metric_map, points(1, axes), None, "abc"[:axes])
    assert len(figure.data) == 1
    found = figure.layout.xaxis if axes == 2 else figure.layout.scene.xaxis
    assert tuple(found.range) == (-1, 1)
    lone = Moment("1", np.ones((1, 2)), np.empty((0, 2)))
    (frame,) = drawn(metric_map, points(1), None, "ab", moments=[lone]).frames
    assert len(frame.data) == 1  # no layer that the map does not have


def test_a_crowd_is_drawn_in_smaller_points() -> None:
    sizes = [
        drawn(metric_map, points(n), None, "ab").data[0].marker.size for n in (1, 3000, 48_000)
    ]
    assert sizes[0] == sizes[1] == 2 * sizes[2]


def test_marks_look_the_same_in_every_figure_and_in_the_legend() -> None:
    marks = [Mark(role, np.array([n, 1.0]), role) for n, role in enumerate(ROLES)]
    figure = drawn(quadruplet_marks, marks, [])
    assert [trace.name for trace in figure.data] == list(ROLES)
    for trace in figure.data:
        look = ROLES[trace.name]
        assert (trace.marker.symbol, trace.marker.color) == (look.plane, look.fill)
        assert trace.marker.line.color == look.edge
        assert trace.meta["layer"] == ("you" if trace.name == "you" else "lines")
    assert ROLES["generated"].fill == ORANGE
    assert sum(ORANGE in (look.fill, look.edge) for look in ROLES.values()) == 1
    html = legend()
    assert [html.index(label) for label in text.LEGEND.values()] == sorted(
        html.index(label) for label in text.LEGEND.values()
    )
    assert html.count(f'fill="{ORANGE}"') == 1
    assert legend(("you",)).count("<li>") == 1


def test_nothing_marked_is_an_empty_figure_that_the_browser_can_read() -> None:
    figure = drawn(quadruplet_marks, [], [])
    assert figure.data == ()
    assert figure_data(figure)["data"] == []
    line = Line(np.zeros(3), np.ones(3), "0.50")
    (solid,) = drawn(quadruplet_marks, [], [line]).data
    assert (solid.mode, solid.text) == ("lines+text", ("", "0.50", ""))


def test_the_histogram_counts_the_selected_and_expects_the_share_of_all() -> None:
    everybody = np.array([0, 4, 5, 37, 38, 39, 40, 62, 99, 100])
    selected = np.array([4, 37, 39, 40, 100])
    figure = drawn(age_histogram, selected, everybody)
    bars, line = figure.data
    assert titles(figure) == ("Age (years)", "Selected samples")
    assert bars.marker.color == BLUE
    counts = dict(zip(bars.customdata.tolist(), bars.y.tolist(), strict=True))
    assert {low: n for low, n in counts.items() if n} == {0: 1, 35: 2, 40: 1, 100: 1}
    np.testing.assert_array_equal(bars.x, bars.customdata + 2.5)  # a bar over its five years
    expected = dict(zip((line.x - 2.5).tolist(), line.y.tolist(), strict=True))
    assert expected[35] == pytest.approx(3 * 5 / 10)
    assert sum(line.y) == pytest.approx(sum(bars.y)) == len(selected)


@pytest.mark.parametrize("oldest", [0, 64, 94, 95, 99, 100, 104, 105, 119])
def test_the_histogram_leaves_nobody_out(oldest: int) -> None:
    ages = np.arange(oldest + 1)
    bars, line = drawn(age_histogram, ages, ages).data
    assert sum(bars.y) == sum(line.y) == oldest + 1
    counts = dict(zip(bars.customdata.tolist(), bars.y.tolist(), strict=True))
    assert counts[oldest // 5 * 5 if oldest != 100 else 100] == oldest % 5 + 1


def test_the_histogram_of_nobody_is_empty() -> None:
    nobody = np.empty(0, np.int64)
    for everybody in (nobody, np.array([30, 40])):
        bars, line = drawn(age_histogram, nobody, everybody).data
        assert sum(bars.y) == sum(line.y) == 0


def test_distances_by_gap_show_pairs_negatives_and_the_demand() -> None:
    pairs = np.array([3, 10]), np.array([0.2, 0.9])
    made = np.array([5]), np.array([0.1])
    demanded = np.array([0.0, 0.1, np.nan])
    figure = drawn(distances_by_gap, pairs, made, demanded)
    real, generated, demand = figure.data
    assert titles(figure) == ("Age gap (years)", "Squared distance")
    assert (real.x.tolist(), real.y.tolist()) == ([3, 10], [0.2, 0.9])
    assert (generated.x.tolist(), generated.y.tolist()) == ([5], [0.1])
    assert generated.marker.color == ORANGE != real.marker.color
    assert demand.x.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(demand.y, demanded)


def test_distances_by_gap_of_nothing_are_an_empty_figure() -> None:
    figure = drawn(distances_by_gap, (NOTHING, NOTHING), (NOTHING, NOTHING), None)
    assert [len(trace.x) for trace in figure.data] == [0, 0]
    assert titles(figure) == ("Age gap (years)", "Squared distance")


def test_the_plane_shows_the_segment_all_negatives_and_the_two_in_question() -> None:
    many = np.array([0.4, 0.6]), np.array([0.2, 0.5])
    figure = drawn(segment_plane, many, {"from 20 years": (0.3, 0.1), "from 65 years": (0.8, 0.4)})
    cloud, ends, two = figure.data
    assert titles(figure) == (
        "Along the segment (its length = 1)",
        "Off the segment (its length = 1)",
    )
    np.testing.assert_array_equal(np.stack([cloud.x, cloud.y]), np.stack(many))
    assert dict(zip(ends.text, zip(ends.x, ends.y, strict=True), strict=True)) == {
        "anchor": (0, 0), "real negative": (1, 0), "midpoint": (0.5, 0),
    }  # fmt: skip
    assert (list(two.x), list(two.y)) == ([0.3, 0.8], [0.1, 0.4])
    assert list(two.text) == ["from 20 years", "from 65 years"]
    assert cloud.marker.color == two.marker.color == ORANGE
    assert ORANGE not in ends.marker.color
    low, high = figure.layout.yaxis.range
    assert low < 0 < 0.5 * 0.99 < high


def test_the_plane_without_points_still_has_its_segment() -> None:
    figure = drawn(segment_plane, (NOTHING, NOTHING), {})
    assert [len(trace.x) for trace in figure.data] == [0, 3, 0]
    low, high = figure.layout.yaxis.range
    assert low < 0 < high


def test_distances_by_age_gap_are_medians_and_quartiles_in_bins_of_five_years(
    rng: np.random.Generator,
) -> None:
    gaps = rng.integers(1, 40, 500)
    real, generated = rng.uniform(0, 2, (2, 500))
    demanded = 0.12 * gaps  # above 4, which no distance on the sphere can be, from 34 on
    figure = drawn(distances_by_age_gap, gaps, real, generated, demanded)
    assert titles(figure) == ("Age gap (years)", "Squared distance to the anchor")
    blue, orange, demand = figure.data
    assert (blue.line.color, orange.line.color) == (BLUE, ORANGE)
    for trace, values in ((blue, real), (orange, generated)):
        assert trace.x.tolist() == [2 + 5 * n for n in range(8)]
        for n in range(8):
            inside = sorted(v for v, gap in zip(values, gaps, strict=True) if gap // 5 == n)
            low, middle, high = np.percentile(inside, [25, 50, 75])
            assert trace.y[n] == pytest.approx(middle)
            assert trace.y[n] + trace.error_y.array[n] == pytest.approx(high)
            assert trace.y[n] - trace.error_y.arrayminus[n] == pytest.approx(low)
    assert (np.diff(demand.x) >= 0).all()
    np.testing.assert_allclose(demand.y, np.where(demand.x < 34, 0.12 * demand.x, np.nan))


def test_one_gap_is_one_point_and_no_gap_is_none() -> None:
    gaps, values = np.full(6, 12), np.linspace(0, 1, 6)
    figure = drawn(distances_by_age_gap, gaps, values, values / 2, values)
    assert [trace.x.tolist() for trace in figure.data[:2]] == [[12], [12]]
    assert [float(trace.y[0]) for trace in figure.data[:2]] == [0.5, 0.25]
    empty = drawn(distances_by_age_gap, np.empty(0, int), NOTHING, NOTHING, NOTHING)
    assert [len(trace.x) for trace in empty.data] == [0, 0, 0]


def test_generators_are_boxes_in_orange_beside_the_real_negatives_in_blue() -> None:
    distances = {text.REAL: np.arange(3.0), "MLP": np.ones(2), "midpoint": NOTHING}
    figure = drawn(generators_compared, distances)
    assert [trace.name for trace in figure.data] == list(distances)
    assert [trace.line.color for trace in figure.data] == [BLUE, ORANGE, ORANGE]
    for trace, values in zip(figure.data, distances.values(), strict=True):
        np.testing.assert_array_equal(trace.x, values)
    assert figure.layout.xaxis.title.text.startswith("Squared distance")
    assert figure.layout.yaxis.autorange == "reversed"  # the first is on top
