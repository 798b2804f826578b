from typing import Any

import numpy as np
import pytest

from app import map_text as text
from app.detail import Window, drawn_samples, read_window
from app.scene import in_view, places, scene
from app.services import Services
from app.tabs.metric_space import answers
from app.view import View
from sadal_core.gallery.stored import Gallery, load_gallery
from tests.fakes import MANIFEST
from tests.planted_gallery import stored_gallery

MOST = 100


def many(count: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    """Ages, of which some are rare, and places."""
    rng = np.random.default_rng(0)
    ages = np.minimum(rng.geometric(0.05, count), 90)
    return ages, rng.normal(size=(count, 2)).astype(np.float32)


def test_where_there_are_few_all_are_drawn() -> None:
    ages, places = many(MOST)
    drawn = drawn_samples(ages, places, most=MOST)
    np.testing.assert_array_equal(drawn.rows, np.arange(MOST))
    assert drawn.in_view == MOST


def test_of_many_every_age_has_its_share_and_nothing_comes_twice() -> None:
    ages, places = many()
    drawn = drawn_samples(ages, places, most=MOST)
    assert len(set(drawn.rows.tolist())) == MOST
    assert drawn.in_view == len(ages)
    for age in np.unique(ages):
        share = MOST * (ages == age).mean()
        assert abs((ages[drawn.rows] == age).sum() - share) <= 1
    np.testing.assert_array_equal(drawn_samples(ages, places, most=MOST).rows, drawn.rows)


def test_within_an_age_the_drawn_ones_lie_anywhere() -> None:
    ages, places = many(4000)
    ages[:] = 30
    order = np.argsort(places[:, 0], kind="stable")
    rows = drawn_samples(ages, places[order], most=MOST).rows
    assert np.ptp(np.histogram(rows, bins=4, range=(0, 4000))[0]) < MOST / 3
    assert len(set(np.diff(rows).tolist())) > 10  # no grid over the order of the file


def test_in_a_small_window_all_that_lies_inside_is_drawn() -> None:
    ages, places = many()
    window = Window((0, 0), (0.2, 0.2))
    drawn = drawn_samples(ages, places, window, most=MOST)
    inside = [i for i, (x, y) in enumerate(places) if 0 <= x <= 0.2 and 0 <= y <= 0.2]
    assert drawn.rows.tolist() == inside
    assert 10 < len(inside) <= MOST
    wide = drawn_samples(ages, places, Window((0, 0), (2, 2)), most=MOST)
    assert len(wide.rows) == MOST < wide.in_view
    assert (places[wide.rows] >= 0).all()


@pytest.mark.parametrize(
    "sent",
    [None, [], {}, {"x": [0, 1]}, {"x": [0, 1], "y": [0]}, {"x": [0, 1], "y": [0, "1"]},
     {"x": [0, float("nan")], "y": [0, 1]}, {"x": [True, 1], "y": [0, 1]},
     {"x": {"0": 1}, "y": [0, 1]}, {"x": [0, 10**400], "y": [0, 1]}],
)  # fmt: skip
def test_a_window_that_makes_no_sense_is_none(sent: object) -> None:
    assert read_window(sent) is None


def test_the_corners_of_a_window_may_come_in_any_order() -> None:
    assert read_window({"x": [3, 1.5], "y": [-1, 2]}) == Window((1.5, -1), (3, 2))


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    folder = tmp_path_factory.mktemp("gallery")
    stored_gallery(folder, 200)
    return load_gallery(folder)


def test_the_map_of_a_large_gallery_draws_rows_that_mean_the_same(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.scene.drawn_samples", few)
    view = View(space="both")
    every = drawn_samples(gallery.ages, places(gallery, view, "after")[0])
    whole: list[Any] = scene(gallery, view, every)
    drawn = in_view(gallery, view)
    assert len(drawn.rows) == 40 < drawn.in_view == len(gallery)
    maps: list[Any] = scene(gallery, view, drawn)
    for space, figure, full in zip(view.spaces, maps, whole, strict=True):
        trace, rows = figure.data[0], drawn.rows
        np.testing.assert_array_equal(trace.x, places(gallery, view, space)[0][rows, 0])
        np.testing.assert_array_equal(
            trace.customdata, np.stack([rows, rows, gallery.ages[rows]], axis=1)
        )
        for axis in ("xaxis", "yaxis"):  # the frame does not move with what is drawn in it
            assert figure.layout[axis].range == full.layout[axis].range
        assert all(len(moment.data[0].x) == 40 for moment in figure.frames)


def few(ages: np.ndarray, places: np.ndarray, window: Window | None = None) -> object:
    return drawn_samples(ages, places, window, most=40)


def test_the_page_says_what_it_draws(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(lambda image: (), MANIFEST)
    assert answers.whole_map(services, gallery, View(), None)["drawn"] == ""
    monkeypatch.setattr("app.scene.drawn_samples", few)
    count = len(gallery)
    said = answers.whole_map(services, gallery, View(), None)["drawn"]
    assert said.startswith(f"40 of the {count} samples in view are drawn")
    spots = gallery.maps["after-umap"]
    half = np.ptp(spots, axis=0) / 20
    (left, bottom), (right, top) = (spots[0] - half).tolist(), (spots[0] + half).tolist()
    window = Window((left, bottom), (right, top))
    inside = in_view(gallery, View(), window).in_view
    assert 0 < inside < 40
    said = answers.whole_map(services, gallery, View(), None, window)["drawn"]
    assert said == text.drawn(inside, inside, count)
    assert said == f"All {inside} samples in view are drawn; the gallery has {count}."
