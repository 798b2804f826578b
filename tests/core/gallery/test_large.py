"""Galleries of so many faces that not all can be fitted, searched exactly, or drawn from."""

import numpy as np
import pytest

from sadal_core.gallery import placement, query
from sadal_core.gallery.drawing import fitted_on
from sadal_core.gallery.maps import MapSettings
from sadal_core.gallery.pictures import sheet
from sadal_core.gallery.placement import place
from sadal_core.gallery.query import near, squared_distances
from sadal_core.neighbours import exactly
from tests.planted_metric import quick_gallery

FITTED, QUADRUPLETS = 40, 12


def test_places_among_many_samples_are_those_of_the_formula(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    points, samples = rng.normal(size=(30, 6)), rng.normal(size=(50, 6))
    coordinates = rng.normal(size=(50, 2))
    expected = place(points, samples, coordinates)
    asked: list[int] = []

    def search(*arguments: object) -> np.ndarray:
        asked.append(1)
        return exactly(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr("sadal_core.neighbours.EXACT_PAIRS", 30 * 50 - 1)
    monkeypatch.setattr(placement, "approximately", search)
    monkeypatch.setattr(placement, "_BLOCK", 7 * 15 * 6)  # seven points at a time
    np.testing.assert_allclose(place(points, samples, coordinates), expected, rtol=1e-9)
    assert len(asked) == 1
    own = place(samples, samples, coordinates)
    np.testing.assert_allclose(own, coordinates, atol=1e-8)


def test_distances_in_steps_are_those_at_once(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = rng.normal(size=(50, 6)).astype(np.float32)
    expected, found = squared_distances(samples[3], samples), near(samples[3], samples, 7)
    monkeypatch.setattr(query, "_BLOCK", 8)
    np.testing.assert_array_equal(squared_distances(samples[3], samples), expected)
    assert near(samples[3], samples, 7).samples.tolist() == found.samples.tolist()


def test_some_are_fitted_and_the_others_placed_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("drawing", "build"):
        monkeypatch.setattr(f"sadal_core.gallery.{name}.MOST_FITTED", FITTED)
    gallery = quick_gallery()
    some = fitted_on(len(gallery), MapSettings())
    assert len(set(some.tolist())) == FITTED < len(gallery) == 70
    space, drawn = gallery.embeddings, gallery.maps["after-umap"]
    np.testing.assert_allclose(drawn, place(space, space[some], drawn[some]), atol=1e-4)
    others = np.setdiff1d(np.arange(len(gallery)), some)
    assert np.ptp(drawn[others], axis=0).min() > 0.1
    assert {len(places) for places in gallery.maps.values()} == {70}
    assert gallery.about["maps"]["fitted_on"] == FITTED
    assert gallery.epochs is None  # which would be a fit of all faces each
    assert set(gallery.about["maps"]["agreement"]) == {"generated"}


def test_tiles_of_many_pictures_are_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = np.full((9, 64, 64, 3), 7, np.uint8)
    assert sheet(shown).image.shape == (192, 192, 3)
    monkeypatch.setattr("sadal_core.gallery.pictures.LARGEST_SHEET", 100)
    small = sheet(shown)
    assert (small.columns, small.tile, small.image.shape) == (3, 33, (99, 99, 3))
    assert (small.image == 7).all()


def test_where_all_are_fitted_nothing_changes() -> None:
    gallery = quick_gallery()
    assert gallery.about["maps"]["fitted_on"] == len(gallery)
    assert gallery.epochs is not None
    np.testing.assert_array_equal(fitted_on(70, MapSettings()), np.arange(70))


def test_quadruplets_are_drawn_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = quick_gallery()
    monkeypatch.setattr("sadal_core.gallery.build.MOST_QUADRUPLETS", QUADRUPLETS)
    gallery = quick_gallery()
    assert whole.generated > gallery.generated == 2 * QUADRUPLETS
    assert gallery.about["data"]["quadruplets"] == QUADRUPLETS
    anchors = whole.negatives["anchor"][:QUADRUPLETS]
    np.testing.assert_array_equal(gallery.negatives["anchor"][:QUADRUPLETS], anchors)
    for name, places in gallery.negative_maps.items():
        assert len(places) == 2 * QUADRUPLETS, name
