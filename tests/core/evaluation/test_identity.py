import numpy as np
import pytest

from sadal_core.errors import DataError
from sadal_core.evaluation.identity import Recognised, attacker, recognised

DIM = 6


def people(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features that hold the identity among other numbers, and the identity itself."""
    rng = np.random.default_rng(seed)
    identities = rng.normal(size=(count, DIM))
    mixed = (
        np.hstack([identities, rng.normal(size=(count, 2))])
        @ np.linalg.qr(np.random.default_rng(9).normal(size=(DIM + 2, DIM + 2)))[0]
    )
    return mixed.astype(np.float32), identities.astype(np.float32)


def groups(count: int, size: int) -> list[np.ndarray]:
    return [np.arange(start, start + size) for start in range(0, count, size)]


def test_the_most_similar_candidate_counts() -> None:
    identities = np.array([[1, 0], [0, 1], [0.9, 0.1], [-1, 0]], np.float32)
    guesses = np.array([[10, 1], [0.1, 3], [1, 0]], np.float32)
    members = [np.array([0]), np.array([1]), np.array([2])]
    candidates = [np.array([0, 1, 3]), np.array([0, 1]), np.array([0, 2])]
    found = recognised(guesses, identities, members, candidates)
    # The third is nearer to face 0 than to itself.
    assert found == pytest.approx(Recognised(2 / 3, (1 / 3 + 1 / 2 + 1 / 2) / 3, 1, 7 / 3))


def test_a_length_tells_nothing() -> None:
    features, identities = people(60, 1)
    everybody = [np.arange(60)] * 60
    once = recognised(identities, identities * 7, groups(60, 1), everybody)
    assert once.share == 1
    assert once.chance == pytest.approx(1 / 60)


def test_a_single_face_is_recognised_and_a_mean_is_less() -> None:
    features, identities = people(400, 2)
    learned = attacker(features, identities, seed=0)
    victims, theirs = people(240, 3)
    everybody = np.arange(240)
    single = recognised(learned.predict(victims), theirs, groups(240, 1), [everybody] * 240)
    means = np.stack([victims[group].mean(axis=0) for group in groups(240, 8)])
    mixed = recognised(learned.predict(means), theirs, groups(240, 8), [everybody] * 30)
    assert single.share > 0.5 > 20 * single.chance
    assert mixed.members == 8
    assert mixed.per_person < single.share / 3


def test_features_without_identity_are_recognised_by_chance() -> None:
    rng = np.random.default_rng(4)
    noise = rng.normal(size=(300, DIM)).astype(np.float32)
    learned = attacker(noise, people(300, 5)[1], seed=0)
    _, theirs = people(200, 6)
    found = recognised(
        learned.predict(rng.normal(size=(200, DIM))), theirs, groups(200, 1),
        [np.arange(200)] * 200,
    )  # fmt: skip
    assert found.share < 0.05


def test_the_attacker_is_the_same_for_the_same_seed() -> None:
    features, identities = people(50, 7)
    one, other = (attacker(features, identities, seed=3).predict(features) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_what_cannot_be_measured_is_refused() -> None:
    features, identities = people(30, 8)
    with pytest.raises(DataError, match="at least 20 faces to learn from, got 19"):
        attacker(features[:19], identities[:19], seed=0)
    with pytest.raises(DataError, match="no point"):
        recognised(identities[:0], identities, [], [])
    with pytest.raises(DataError, match="not among those"):
        recognised(identities[:1], identities, [np.array([0])], [np.array([1, 2])])
