from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import special_ortho_group

from sadal_core.errors import ConfigError, DataError
from sadal_core.gallery import maps
from sadal_core.gallery.maps import FEWEST, MapSettings, epoch_maps, laid_over, pca_of, umap_of
from sadal_core.settings import overridden
from tests.planted_metric import FakeUmap

if TYPE_CHECKING:
    from tests.core.gallery.conftest import RealGallery


def scattered(count: int = 60, dim: int = 5, *, seed: int = 0) -> np.ndarray:
    scales = np.linspace(3, 1, dim)
    return (np.random.default_rng(seed).normal(size=(count, dim)) * scales).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("n_neighbors", [2, 200], [1, 201, -5]),
        ("min_dist", [0.0, 0.99], [-0.01, 1.0, float("nan")]),
        ("seed", [0, 2**31], [-1, 2**31 + 1]),
    ],
)
def test_settings_stay_in_their_range(name: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert MapSettings(**{name: value}).figures()[name] == value
    for value in bad:
        with pytest.raises(ConfigError, match=f"{name} must be from"):
            MapSettings(**{name: value})


def test_settings_are_read_from_text() -> None:
    settings = overridden(MapSettings(), ["n_neighbors=30", "min_dist=0.5"])
    assert settings.figures() == {"n_neighbors": 30, "min_dist": 0.5, "seed": 0}
    with pytest.raises(ConfigError, match="Unknown setting"):
        overridden(MapSettings(), ["metric=cosine"])


def test_too_few_faces_are_refused() -> None:
    with pytest.raises(DataError, match=f"at least {FEWEST} faces, got 9"):
        umap_of(scattered(9), 2, MapSettings())


@pytest.mark.parametrize(("count", "dim"), [(60, 5), (8, 30), (60, 3)])
def test_pca_is_the_singular_value_decomposition(count: int, dim: int) -> None:
    space = scattered(count, dim) + 4
    left, values, _ = np.linalg.svd(space - space.mean(axis=0), full_matrices=False)
    drawn = pca_of(space, 3)
    assert drawn.dtype == np.float32
    for axis in range(3):
        expected = left[:, axis] * values[axis]
        sign = np.sign(expected @ drawn[:, axis])
        np.testing.assert_allclose(drawn[:, axis], sign * expected, atol=2e-3)


@pytest.mark.parametrize(("count", "dim", "axes"), [(60, 1, 1), (60, 2, 2), (2, 5, 2)])
def test_where_the_space_has_fewer_directions_the_other_axes_of_pca_are_0(
    count: int, dim: int, axes: int
) -> None:
    drawn = pca_of(scattered(count, dim), 3)
    assert drawn.shape == (count, 3)
    assert (np.ptp(drawn, axis=0) > 0).tolist() == [True] * axes + [False] * (3 - axes)


def test_pca_is_mirrored_like_another_map_but_never_turned() -> None:
    space = scattered()
    plain = pca_of(space, 3)
    like = plain * np.array([-1, 1, -1], np.float32) + 5
    np.testing.assert_array_equal(pca_of(space, 3, like=like), plain * [-1, 1, -1])
    np.testing.assert_array_equal(abs(pca_of(space, 3, like=scattered(dim=3, seed=4))), abs(plain))


motions = st.tuples(
    st.integers(0, 10_000), st.sampled_from([2, 3]), st.floats(0.05, 20), st.booleans()
)


def moved(drawn: np.ndarray, seed: int, scale: float, mirrored: bool) -> np.ndarray:
    rng = np.random.default_rng(seed)
    turn = special_ortho_group.rvs(drawn.shape[1], random_state=seed)
    if mirrored:
        turn[:, 0] *= -1
    return (scale * drawn @ turn + 10 * rng.normal(size=drawn.shape[1])).astype(np.float32)


@given(motion=motions)
def test_laying_over_undoes_every_similar_motion(motion: tuple[int, int, float, bool]) -> None:
    seed, axes, scale, mirrored = motion
    reference = scattered(30, axes, seed=seed) + 5
    again = laid_over(moved(reference, seed, scale, mirrored), reference)
    np.testing.assert_allclose(again, reference, atol=2e-3)


@given(motion=motions)
def test_laying_over_never_changes_the_shape(motion: tuple[int, int, float, bool]) -> None:
    seed, axes, scale, mirrored = motion
    reference = scattered(30, axes, seed=seed)
    other = moved(scattered(30, axes, seed=seed + 1), seed, scale, mirrored)
    ratios = pdist(laid_over(other, reference)) / pdist(other)
    np.testing.assert_allclose(ratios, np.median(ratios), rtol=1e-2)


def test_what_is_laid_over_another_map_has_its_size() -> None:
    """Even where the two have nothing in common: a chain of epochs would shrink to a point."""
    reference, other = scattered(30, 2), scattered(30, 2, seed=1)
    size, wanted = (
        np.linalg.norm(m - m.mean(axis=0)) for m in (laid_over(other, reference), reference)
    )
    assert size == pytest.approx(wanted, rel=1e-5)


def test_nothing_lies_better_over_the_reference_than_what_was_laid_over_it() -> None:
    reference, other = scattered(30, 2), scattered(30, 2, seed=1) + 3
    laid = laid_over(other, reference)
    rest = np.square(laid - reference).sum()
    np.testing.assert_allclose(laid.mean(axis=0), reference.mean(axis=0), atol=1e-4)
    for seed in range(50):
        for mirrored in (False, True):
            tried = moved(laid, seed, 1.0, mirrored)
            tried += reference.mean(axis=0) - tried.mean(axis=0)
            assert np.square(tried - reference).sum() >= rest - 1e-2


class Fitted:
    """Remembers what each map was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[np.ndarray, int, np.ndarray]] = []

    def __call__(
        self, space: np.ndarray, axes: int, settings: MapSettings, *, start: np.ndarray
    ) -> FakeUmap:
        self.asked.append((space, axes, start))
        return FakeUmap(space, axes, settings.seed, start)


def test_epoch_maps_go_back_from_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted, said = Fitted(), []
    monkeypatch.setattr(maps, "umap_of", fitted)
    spaces = [scattered(seed=seed) for seed in range(4)]
    last = scattered(60, 2, seed=9)
    drawn = epoch_maps(spaces, MapSettings(), last, said.append)
    assert len(drawn) == 4
    assert drawn[3] is last
    assert len(fitted.asked) == 3
    for (space, axes, start), epoch in zip(fitted.asked, (2, 1, 0), strict=True):
        np.testing.assert_array_equal(space, spaces[epoch])
        assert axes == 2
        np.testing.assert_array_equal(start, drawn[epoch + 1])
        # What was fitted, laid over the map that it started from.
        own = FakeUmap(space, 2, 0, start).embedding_
        np.testing.assert_array_equal(drawn[epoch], laid_over(own, drawn[epoch + 1]))
    assert said == [f"UMAP of recorded epoch {number} of 4" for number in (3, 2, 1)]


def test_one_epoch_is_the_last_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "umap_of", None)
    last = scattered(60, 2)
    assert [drawn is last for drawn in epoch_maps([scattered()], MapSettings(), last)] == [True]


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of the places, as they lie; 1 where the maps differ by their size alone."""
    one, other = (drawn - drawn.mean(axis=0) for drawn in (one, other))
    return float((one * other).sum() / (np.linalg.norm(one) * np.linalg.norm(other)))


def test_a_map_that_starts_from_another_lies_like_it(real_gallery: "RealGallery") -> None:
    """With UMAP itself."""
    epochs = real_gallery.gallery.epochs
    assert epochs is not None
    for one, following in zip(epochs.samples[:-1], epochs.samples[1:], strict=True):
        np.testing.assert_allclose(one.mean(axis=0), following.mean(axis=0), atol=1e-3)
        shuffled = np.random.default_rng(0).permutation(following)
        assert likeness(one, following) > 2 * likeness(laid_over(one, shuffled), shuffled)


def test_umap_can_start_from_points_at_one_place(real_gallery: "RealGallery") -> None:
    space = real_gallery.gallery.embeddings[:FEWEST]
    start = np.ones((FEWEST, 2), np.float32)
    start[0] = 3
    drawn = umap_of(space, 2, MapSettings(), start=start).embedding_
    assert drawn.shape == (FEWEST, 2)
    assert len(np.unique(drawn, axis=0)) == FEWEST
