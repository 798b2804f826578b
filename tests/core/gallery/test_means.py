import numpy as np
import pytest

from sadal_core.errors import ConfigError, DataError
from sadal_core.gallery.means import Means, means_of

COUNT = 300


def some() -> tuple[np.ndarray, np.ndarray]:
    """Ages, and embeddings."""
    rng = np.random.default_rng(3)
    ages = rng.integers(0, 12, COUNT)
    ages[:3] = 90  # too few for a mean of eight
    return ages, rng.normal(size=(COUNT, 4)).astype(np.float32)


def made(fewest: int = 8) -> Means:
    """Each face has a feature of its own, by which it is known in a mean."""
    ages, embeddings = some()
    return means_of(ages, np.arange(COUNT), np.eye(COUNT), embeddings, fewest)


@pytest.mark.parametrize("fewest", [2, 8, 20])
def test_every_face_is_in_one_group_of_its_age_or_in_none(fewest: int) -> None:
    ages, _ = some()
    means = made(fewest)
    inside = np.concatenate(means.members)
    assert len(np.unique(inside)) == len(inside)
    for age, group in zip(means.ages.tolist(), means.members, strict=True):
        assert fewest <= len(group) < 2 * fewest
        assert set(ages[group].tolist()) == {age}
    left = np.setdiff1d(np.arange(COUNT), inside)
    assert all((ages == age).sum() < fewest for age in ages[left].tolist())


def test_a_point_is_the_mean_of_its_group_and_of_nobody_else() -> None:
    means = made()
    for point, group in zip(means.features, means.members, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(point), np.sort(group))
        np.testing.assert_allclose(point[group], 1 / len(group))


def test_a_group_holds_faces_that_lie_near_each_other() -> None:
    _, embeddings = some()
    means = made()
    within = np.concatenate([embeddings[g] - embeddings[g].mean(axis=0) for g in means.members])
    assert within.var() < 0.8 * embeddings.var()


def test_names_tell_the_age_and_no_face() -> None:
    means = made()
    assert len(set(means.ids.tolist())) == len(means.ids)
    for name, age in zip(means.ids.tolist(), means.ages.tolist(), strict=True):
        assert name.startswith(f"mean {age}-")


def test_copies_of_a_face_count_once() -> None:
    units = np.repeat(np.arange(16), 3)
    places = np.random.default_rng(0).normal(size=(48, 2))
    means = means_of(np.full(48, 30), units, np.eye(48), places, 8)
    assert [len(group) for group in means.members] == [8, 8]
    assert len(np.unique(units[np.concatenate(means.members)])) == 16


@pytest.mark.parametrize("fewest", [1, 0, -8])
def test_a_mean_of_one_face_is_refused(fewest: int) -> None:
    with pytest.raises(ConfigError, match=f"at least 2 faces, got {fewest}"):
        made(fewest)


def test_too_few_faces_of_every_age_are_refused() -> None:
    with pytest.raises(DataError, match="No age has 60 different faces"):
        made(60)
