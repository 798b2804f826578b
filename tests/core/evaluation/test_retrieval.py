import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN

from sadal_core.errors import DataError
from sadal_core.evaluation.retrieval import RANKS, neighbour_mae, retrieval


def line(ages: np.ndarray) -> np.ndarray:
    """A perfect embedding: the age itself."""
    return np.stack([ages.astype(float), np.zeros(len(ages))], axis=1)


def slow(
    embeddings: np.ndarray, ages: np.ndarray, units: np.ndarray, within: int
) -> tuple[int, list[float], list[float], float, float]:
    """Query by query, neighbour by neighbour."""
    recall, precision, r_precision, average = [], [], [], []
    for query in range(len(ages)):
        others = [n for n in range(len(ages)) if units[n] != units[query]]
        others.sort(key=lambda n: (((embeddings[n] - embeddings[query]) ** 2).sum(), n))
        hits = [abs(int(ages[n]) - int(ages[query])) <= within for n in others]
        relevant = sum(hits)
        if not relevant:
            continue
        recall.append([any(hits[:k]) for k in RANKS])
        precision.append([sum(hits[:k]) / k for k in RANKS])
        r_precision.append(sum(hits[:relevant]) / relevant)
        at = [sum(hits[: i + 1]) / (i + 1) for i in range(relevant) if hits[i]]
        average.append(sum(at) / relevant)
    return (
        len(recall),
        np.mean(recall, axis=0).tolist(),
        np.mean(precision, axis=0).tolist(),
        float(np.mean(r_precision)),
        float(np.mean(average)),
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0, 1, 3]))
def test_retrieval_is_the_slow_one(seed: int, within: int) -> None:
    rng = np.random.default_rng(seed)
    ages, units = rng.integers(0, 12, 30), rng.integers(0, 12, 30)
    # Whole coordinates, so that ties occur.
    embeddings = rng.integers(0, 4, (30, 2)).astype(float)
    (made,) = retrieval(embeddings, ages, units=units, tolerances=(within,))
    queries, recall, precision, r_precision, average = slow(embeddings, ages, units, within)
    assert (made.queries, made.left_out) == (queries, 30 - queries)
    assert [made.recall[k] for k in RANKS] == pytest.approx(recall)
    assert [made.precision[k] for k in RANKS] == pytest.approx(precision)
    assert (made.r_precision, made.map_at_r) == pytest.approx((r_precision, average))


@pytest.mark.parametrize("within", [0, 2, 5])
def test_it_agrees_with_pytorch_metric_learning(within: int, rng: np.random.Generator) -> None:
    ages = rng.integers(0, 8, 120)
    embeddings = rng.normal(0, 1, (120, 5)) + ages[:, None] / 4
    calculator = AccuracyCalculator(
        include=("precision_at_1", "r_precision", "mean_average_precision_at_r"),
        label_comparison_fn=lambda a, b: (a - b).abs() <= within,
        knn_func=CustomKNN(LpDistance(normalize_embeddings=False)),
        device=torch.device("cpu"),
    )
    theirs = calculator.get_accuracy(torch.from_numpy(embeddings), torch.from_numpy(ages))
    (ours,) = retrieval(embeddings, ages, tolerances=(within,))
    assert ours.precision[1] == pytest.approx(theirs["precision_at_1"])
    assert ours.r_precision == pytest.approx(theirs["r_precision"])
    assert ours.map_at_r == pytest.approx(theirs["mean_average_precision_at_r"])


def test_a_perfect_metric_finds_everybody_and_noise_finds_chance(rng: np.random.Generator) -> None:
    ages = np.repeat(np.arange(0, 80), 12)
    (perfect,) = retrieval(line(ages), ages, tolerances=(0,))
    assert (perfect.recall[1], perfect.r_precision, perfect.map_at_r) == (1, 1, 1)
    assert neighbour_mae(line(ages), ages) == 0
    (chance,) = retrieval(rng.normal(0, 1, (960, 6)), ages, tolerances=(0,))
    assert chance.precision[10] == pytest.approx(11 / 959, abs=0.01)


def test_faces_of_the_own_unit_are_never_found() -> None:
    ages, units = np.array([20, 20, 60]), np.array([0, 0, 1])
    assert neighbour_mae(line(ages), ages, units=units, neighbours=1) == 40
    assert neighbour_mae(line(ages), ages, neighbours=1) == pytest.approx(40 / 3)
    (made,) = retrieval(line(ages), ages, units=units, tolerances=(5,))
    assert (made.queries, made.left_out) == (0, 3)
    assert np.isnan(made.map_at_r)


def test_a_face_alone_and_embeddings_that_are_not_finite_are_refused() -> None:
    with pytest.raises(DataError, match="at least two units"):
        neighbour_mae(np.zeros((1, 2)), np.array([30]))
    with pytest.raises(DataError, match="not finite"):
        retrieval(np.full((2, 2), np.nan), np.array([1, 2]))
    with pytest.raises(DataError, match="3 embeddings but 2 ages"):
        neighbour_mae(np.zeros((3, 2)), np.array([1, 2]))
