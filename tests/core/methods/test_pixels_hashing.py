from typing import Any

import numpy as np
import pytest

from sadal_core.errors import ConfigError
from sadal_core.methods.pixels.hashing import (
    age_costs,
    codes,
    cost_scatter,
    dictionary,
    hash_functions,
)

TOLERANCE = 10.0


def marked(count: int = 200, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Patches (M, 6) of which two values tell the age, and one varies more than these."""
    rng = np.random.default_rng(seed)
    ages = rng.integers(0, 60, count).astype(np.float64)
    patches = rng.normal(0, 0.3, (count, 6))
    patches[:, 0] += (ages - 30) / 15
    patches[:, 1] -= (ages - 30) / 20
    patches[:, 2] *= 2
    return patches, ages


def objective(weights: np.ndarray, patches: np.ndarray, ages: np.ndarray) -> float:
    """Cost-weighted scatter of relaxed codes less their imbalance, in loops."""
    projected = [weights.T @ patch for patch in patches]
    total = 0.0
    for one, age in zip(projected, ages, strict=True):
        for other, other_age in zip(projected, ages, strict=True):
            cost = abs(age - other_age) / TOLERANCE - 1
            total += min(cost, 1.0) * sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
    imbalance = sum(float(np.mean(bit)) ** 2 for bit in np.transpose(projected))
    return total / len(patches) ** 2 - imbalance


def trace(weights: np.ndarray, patches: np.ndarray, ages: np.ndarray) -> float:
    mean = patches.mean(axis=0)
    worth = cost_scatter(patches, ages, tolerance=TOLERANCE) - np.outer(mean, mean)
    return float(np.trace(weights.T @ worth @ weights))


def lost(weights: np.ndarray, patches: np.ndarray) -> float:
    projected = patches @ weights
    return float(((np.where(projected >= 0, 1, -1) - projected) ** 2).sum())


def test_costs_fall_below_0_for_near_ages_and_stop_at_1() -> None:
    made = age_costs(np.array([20.0, 25.0, 30.0, 50.0]), tolerance=10.0)
    assert made[0].tolist() == [-1, -0.5, 0, 1]
    assert np.array_equal(made, made.T)


def test_the_scatter_is_the_sum_over_all_pairs() -> None:
    patches, ages = marked(40)
    assert len(np.unique(ages)) < 40
    weights = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 3)))[0]
    slow = objective(weights, patches, ages)
    assert abs(slow) > 0.1
    assert trace(weights, patches, ages) == pytest.approx(slow)


def test_no_other_hash_functions_are_worth_more() -> None:
    patches, ages = marked()
    made = hash_functions(patches, ages, bits=3, tolerance=TOLERANCE)
    np.testing.assert_allclose(made.T @ made, np.eye(3), atol=1e-9)
    best = trace(made, patches, ages)
    rng = np.random.default_rng(2)
    others = [np.linalg.qr(rng.normal(size=(6, 3)))[0] for _ in range(200)]
    assert max(trace(other, patches, ages) for other in others) < best


def test_the_turn_keeps_the_worth_and_loses_less_by_taking_signs() -> None:
    patches, ages = marked()
    made = hash_functions(patches, ages, bits=3, tolerance=TOLERANCE)
    mean = patches.mean(axis=0)
    worth = cost_scatter(patches, ages, tolerance=TOLERANCE) - np.outer(mean, mean)
    plain = np.linalg.eigh(worth)[1][:, -3:]
    assert trace(made, patches, ages) == pytest.approx(trace(plain, patches, ages))
    assert lost(made, patches) < lost(plain, patches)


def test_codes_of_near_ages_are_nearer_than_those_of_far_ages() -> None:
    weights = hash_functions(*marked(), bits=3, tolerance=TOLERANCE)
    patches, ages = marked(300, seed=1)
    bits = (codes(patches, weights)[:, None] >> np.arange(3)) & 1
    distances = (bits[:, None] != bits).sum(axis=2)
    gaps = np.abs(ages[:, None] - ages)
    assert distances[gaps < 5].mean() < 0.6 * distances[gaps > 25].mean()


def test_codes_are_the_signs_as_binary_digits() -> None:
    patches = np.array([[[1.0, -1.0], [-1.0, 1.0]], [[0.0, 2.0], [-1.0, -2.0]]])
    assert codes(patches, np.eye(2)).tolist() == [[1, 2], [3, 0]]


def test_words_gather_the_codes_that_differ_in_few_bits() -> None:
    seen = np.array([0b0000] * 9 + [0b0001] * 3 + [0b1111] * 9 + [0b0111] * 3)
    table = dictionary(seen, bits=4, words=2, seed=0)
    assert table.shape == (16,)
    assert table[0b0000] == table[0b0001] == table[0b0010]  # the last was never seen
    assert table[0b1111] == table[0b0111] == table[0b1101]
    assert table[0b0000] != table[0b1111]


def test_there_are_no_more_words_than_codes_that_were_seen() -> None:
    table = dictionary(np.array([1, 1, 2]), bits=3, words=5, seed=0)
    assert set(table) == {0, 1}


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"bits": 0}, "bits must be from 1 to 6"), ({"bits": 7}, "bits must be from 1 to 6"),
     ({"tolerance": 0.0}, "tolerance must be above 0 years")],
)  # fmt: skip
def test_bad_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        hash_functions(*marked(20), **({"bits": 2, "tolerance": 5.0} | settings))
