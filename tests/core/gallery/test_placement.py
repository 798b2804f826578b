import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import special_ortho_group
from sklearn.decomposition import PCA

from sadal_core.gallery import placement
from sadal_core.gallery.maps import pca_of
from sadal_core.gallery.placement import NEIGHBOURS, place, place_on


def scene(
    seed: int = 0, *, points: int = 20, samples: int = 50, dim: int = 6, axes: int = 2
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(points, dim)).astype(np.float32),
        rng.normal(size=(samples, dim)).astype(np.float32),
        rng.normal(scale=5, size=(samples, axes)).astype(np.float32),
    )


def by_hand(
    points: np.ndarray, samples: np.ndarray, coordinates: np.ndarray, neighbours: int
) -> np.ndarray:
    placed = []
    for point in points.tolist():
        squares = [
            sum((u - v) ** 2 for u, v in zip(point, sample, strict=True))
            for sample in samples.tolist()
        ]
        near = sorted(range(len(samples)), key=squares.__getitem__)[:neighbours]
        weights = [1 / squares[n] for n in near]
        placed.append(
            [
                sum(w * coordinates[n][axis] for w, n in zip(weights, near, strict=True))
                / sum(weights)
                for axis in range(coordinates.shape[1])
            ]
        )
    return np.array(placed)


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("neighbours", [1, 4, NEIGHBOURS, 50])
def test_places_are_those_of_the_formula(axes: int, neighbours: int) -> None:
    parts = scene(axes=axes)
    placed = place(*parts, neighbours=neighbours)
    assert placed.dtype == np.float32
    np.testing.assert_allclose(placed, by_hand(*parts, neighbours), rtol=1e-4, atol=1e-5)
    assert np.ptp(placed, axis=0).min() > 0.5


def test_a_sample_lies_where_it_is() -> None:
    _, samples, coordinates = scene()
    np.testing.assert_allclose(place(samples, samples, coordinates), coordinates, atol=1e-4)


@given(seed=st.integers(0, 10_000), neighbours=st.integers(1, 60))
def test_a_point_lies_among_the_samples(seed: int, neighbours: int) -> None:
    points, samples, coordinates = scene(seed, points=5)
    placed = place(10 * points, samples, coordinates, neighbours=neighbours)
    angles = np.linspace(0, np.pi, 7)
    seen = np.stack([np.cos(angles), np.sin(angles)])  # from all sides
    assert ((placed @ seen).max(0) <= (coordinates @ seen).max(0) + 1e-4).all()
    assert ((placed @ seen).min(0) >= (coordinates @ seen).min(0) - 1e-4).all()


@given(seed=st.integers(0, 10_000), axes=st.sampled_from([2, 3]), mirrored=st.booleans())
def test_a_moved_map_moves_the_placed_points_alike(seed: int, axes: int, mirrored: bool) -> None:
    points, samples, coordinates = scene(seed, axes=axes)
    turn = special_ortho_group.rvs(axes, random_state=seed).astype(np.float32)
    if mirrored:
        turn[:, 0] *= -1
    shift = np.array([7, -3, 2], np.float32)[:axes]
    moved = place(points, samples, coordinates @ turn + shift)
    np.testing.assert_allclose(moved, place(points, samples, coordinates) @ turn + shift, atol=1e-4)


def test_a_moved_space_changes_no_place() -> None:
    points, samples, coordinates = scene()
    turn = special_ortho_group.rvs(6, random_state=3).astype(np.float32)
    moved = place(2 * points @ turn + 1, 2 * samples @ turn + 1, coordinates)
    np.testing.assert_allclose(moved, place(points, samples, coordinates), atol=1e-3)


def test_one_point_does_not_move_another() -> None:
    points, samples, coordinates = scene()
    alone = place(points[3:4], samples, coordinates)
    np.testing.assert_array_equal(alone[0], place(points, samples, coordinates)[3])


@pytest.mark.parametrize("samples", [1, 2, 14])
def test_fewer_samples_than_neighbours_are_all_averaged(samples: int) -> None:
    parts = scene(samples=samples)
    np.testing.assert_allclose(place(*parts), by_hand(*parts, samples), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("held", [1, 50, 160])
def test_blocks_do_not_change_the_places(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = scene()
    whole = place(*parts)
    monkeypatch.setattr(placement, "_BLOCK", held)
    np.testing.assert_array_equal(place(*parts), whole)


def test_no_points_have_no_places() -> None:
    points, samples, coordinates = scene()
    assert place(points[:0], samples, coordinates).shape == (0, 2)
    assert place_on("after-pca", points[:0], samples, coordinates).shape == (0, 2)


@pytest.mark.parametrize(("samples", "dim"), [(60, 6), (30, 3), (20, 40), (80, 100)])
def test_places_on_a_pca_are_those_of_the_projection(samples: int, dim: int) -> None:
    points, known, _ = scene(samples=samples, dim=dim)
    known *= np.linspace(3, 1, dim, dtype=np.float32)
    coordinates = pca_of(known, 3)
    placed = place_on("before-pca", points, known, coordinates)
    expected = PCA(3, svd_solver="full").fit(known).transform(points)
    np.testing.assert_allclose(placed, expected, atol=2e-3)
    # Turned and shifted as a whole, it is still linear.
    turn = special_ortho_group.rvs(3, random_state=0).astype(np.float32)
    moved = place_on("before-pca", points, known, coordinates @ turn + 2)
    np.testing.assert_allclose(moved, expected @ turn + 2, atol=2e-3)


def test_places_on_other_maps_are_means() -> None:
    parts = scene()
    for name in ("after-umap", "before-umap3", "after-joint"):
        np.testing.assert_array_equal(place_on(name, *parts), place(*parts))
    assert not np.allclose(place_on("after-pca", *parts), place(*parts), atol=0.1)
