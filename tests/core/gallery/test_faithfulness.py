from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from sadal_core.gallery import faithfulness as module
from sadal_core.gallery.faithfulness import agreement, faithfulness
from sadal_core.gallery.placement import place
from sadal_core.neighbours import nearest
from tests.planted_metric import FakeUmap

if TYPE_CHECKING:
    from tests.core.gallery.conftest import RealGallery


def scattered(count: int, dim: int = 4, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)


def measured(space: np.ndarray, drawn: np.ndarray, *, seed: int = 0) -> tuple[float, float]:
    made = faithfulness(space, drawn, np.random.default_rng(seed))
    return made.trustworthiness, made.overlap


def ranks(vectors: np.ndarray) -> list[list[int]]:
    """For each vector the others, near to far."""
    return [
        [other for other in np.argsort(row).tolist() if other != one]
        for one, row in enumerate(cdist(vectors, vectors))
    ]


def by_hand(space: np.ndarray, drawn: np.ndarray, k: int) -> tuple[float, float]:
    """Venna and Kaski's trustworthiness, and the mean share of the k nearest that is kept."""
    n, near, shown = len(space), ranks(space), ranks(drawn)
    penalty, kept = 0, 0
    for one in range(n):
        for other in shown[one][:k]:
            rank = near[one].index(other) + 1
            penalty += max(0, rank - k)
            kept += rank <= k
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * penalty, kept / (n * k)


@pytest.mark.parametrize(("count", "k"), [(80, 15), (31, 15), (30, 14), (12, 5), (3, 1)])
def test_both_figures_are_those_of_their_formulas(count: int, k: int) -> None:
    space = scattered(count)
    drawn = space[:, :2]
    assert measured(space, drawn) == pytest.approx(by_hand(space, drawn, k), rel=1e-6)


def test_a_map_that_is_the_space_is_perfect() -> None:
    space = scattered(100)
    assert measured(space, space) == (1, 1)
    assert measured(space, 3 * space[:, ::-1] + 2) == (1, 1)


def test_a_shuffled_map_is_near_chance() -> None:
    space = scattered(400)
    drawn = np.random.default_rng(5).permutation(space[:, :2])
    trust, overlap = measured(space, drawn)
    assert trust == pytest.approx(0.5, abs=0.03)
    assert overlap == pytest.approx(15 / 399, abs=0.01)
    assert measured(space, space[:, :2])[1] > 5 * overlap


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_samples_have_no_figures(count: int) -> None:
    space = scattered(count)
    assert np.isnan(measured(space, space[:, :2])).all()


def test_of_very_many_samples_some_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    space = scattered(200)
    drawn = space[:, :2]
    assert measured(space, drawn, seed=1) == measured(space, drawn, seed=2)
    monkeypatch.setattr(module, "_MOST", 60)
    some = measured(space, drawn, seed=1)
    assert some == measured(space, drawn, seed=1)
    assert some != measured(space, drawn, seed=2)
    assert measured(space, space) == (1, 1)  # places stay with their samples


def test_the_nearest_others_come_near_to_far() -> None:
    space = scattered(40)
    np.testing.assert_array_equal(nearest(space, 7), [row[:7] for row in ranks(space)])


def test_agreement_is_the_distance_between_the_places_in_diagonals() -> None:
    space, new = scattered(50), scattered(12, seed=1)
    fitted = FakeUmap(space, 2, 0, None)
    diagonal = np.linalg.norm(np.ptp(fitted.embedding_, axis=0))
    offsets = np.arange(1, 13)
    places = place(new, space, fitted.embedding_)

    def transform(points: np.ndarray) -> np.ndarray:
        """East of where placing puts them; with the next seed 0.1 north of that."""
        assert points is new
        north = 0.1 * (fitted.transform_seed - 42)
        return places + np.stack([offsets, np.full(12, north)], axis=1)

    fitted.transform = transform
    made = agreement(fitted, space, new)
    assert made.points == 12
    assert made.median * diagonal == pytest.approx(6.5, rel=1e-5)
    assert made.p90 * diagonal == pytest.approx(10.9, rel=1e-5)
    assert made.own_median * diagonal == pytest.approx(0.1, rel=1e-4)
    assert made.own_p90 * diagonal == pytest.approx(0.1, rel=1e-4)
    assert fitted.transform_seed == 42


def test_agreement_with_umap_itself_is_sane(real_gallery: "RealGallery") -> None:
    assert real_gallery.fitted[0].transform_seed == 42  # UMAP's default, put back
    figures = real_gallery.gallery.about["maps"]["agreement"]
    assert figures["generated"]["points"] == real_gallery.gallery.generated
    assert figures["new faces"]["points"] == 20
    for row in figures.values():
        assert 0 < row["median"] <= row["p90"] < 1
        assert 0 <= row["own_median"] <= row["own_p90"] < 1


def test_umap_maps_are_better_than_chance(real_gallery: "RealGallery") -> None:
    figures = real_gallery.gallery.about["maps"]["faithfulness"]
    for name in ("after-umap", "after-umap3", "after-joint", "before-umap", "before-umap3"):
        assert figures[name]["trustworthiness"] > 0.7
        assert figures[name]["overlap"] > 2 * 15 / 69
