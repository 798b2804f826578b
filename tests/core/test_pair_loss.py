import doctest
import math
from functools import partial

import pytest
import torch
from torch import Tensor

from sadal_core import pair_loss
from sadal_core.errors import ConfigError, DataError
from sadal_core.pair_loss import SimilarityAwarePairLoss
from tests import reference

AGES = [20, 20, 21, 24, 40, 40, 40, 70]
REFERENCE_AGES = [20, 22, 40, 5]


@pytest.fixture
def embeddings() -> Tensor:
    torch.manual_seed(11)
    return torch.randn(len(AGES), 3, dtype=torch.float64)


@pytest.fixture
def references() -> Tensor:
    torch.manual_seed(12)
    return torch.randn(len(REFERENCE_AGES), 3, dtype=torch.float64)


def _hinge(q_on: str, tau: float, d: float, gap: float) -> float:
    hinge = {"distance": reference.hinge_on_distance, "margin": reference.hinge_on_margin}[q_on]
    return hinge(d, reference.q_slide(0, gap, 5, 1), tau)


def _mean(values: list[float], reduction: str) -> float:
    counted = values if reduction == "all" else [value for value in values if value > 0]
    return sum(counted) / max(len(counted), 1)


@pytest.mark.parametrize("reduction", ["all", "active"])
@pytest.mark.parametrize(("q_on", "tau"), [("distance", 0.5), ("margin", 0.2)])
def test_the_loss_is_the_mean_over_all_pairs(
    q_on: str, tau: float, reduction: str, embeddings: Tensor, references: Tensor
) -> None:
    loss = SimilarityAwarePairLoss(tau=tau, q_on=q_on, reduction=reduction)
    rows, hinge = embeddings.tolist(), partial(_hinge, q_on, tau)
    pulls, hinges = reference.pair_terms(rows, AGES, rows, AGES, same=True, hinge=hinge)
    assert 0 in hinges
    assert len(set(hinges)) >= 5
    assert len(pulls) == 2 + 6
    expected = _mean(pulls, reduction) + _mean(hinges, reduction)
    assert loss(embeddings, torch.tensor(AGES)).item() == pytest.approx(expected)

    pulls, hinges = reference.pair_terms(
        rows, AGES, references.tolist(), REFERENCE_AGES, same=False, hinge=hinge
    )
    assert len(pulls) == 2 + 3
    found = loss(
        embeddings, torch.tensor(AGES), ref_emb=references, ref_labels=torch.tensor(REFERENCE_AGES)
    )
    assert found.item() == pytest.approx(_mean(pulls, reduction) + _mean(hinges, reduction))


def test_pairs_and_triplets_of_a_miner_are_all_that_counts(embeddings: Tensor) -> None:
    loss = SimilarityAwarePairLoss()
    ages = torch.tensor(AGES)
    rows = [reference.unit(row) for row in embeddings.tolist()]
    positives, negatives = [(0, 1), (5, 4)], [(0, 2), (5, 2)]
    expected = sum(reference.pull(reference.d(rows[a], rows[b])) for a, b in positives) / 2
    gaps = [abs(AGES[a] - AGES[b]) for a, b in negatives]
    expected += (
        sum(
            _hinge("distance", 0.5, reference.d(rows[a], rows[b]), gap)
            for (a, b), gap in zip(negatives, gaps, strict=True)
        )
        / 2
    )
    pairs = tuple(torch.tensor(ids) for ids in ([0, 5], [1, 4], [0, 5], [2, 2]))
    triplets = tuple(torch.tensor(ids) for ids in ([0, 5], [1, 4], [2, 2]))
    assert loss(embeddings, ages, pairs).item() == pytest.approx(expected)
    assert loss(embeddings, ages, triplets).item() == pytest.approx(expected)


def test_only_the_direction_of_an_embedding_counts(embeddings: Tensor) -> None:
    loss, ages = SimilarityAwarePairLoss(), torch.tensor(AGES)
    scaled = embeddings * torch.linspace(0.1, 9, len(AGES), dtype=torch.float64)[:, None]
    torch.testing.assert_close(loss(scaled, ages), loss(embeddings, ages))


def test_ages_less_than_a_year_apart_are_positive(embeddings: Tensor) -> None:
    loss = SimilarityAwarePairLoss()
    near, whole = torch.tensor([20.0, 20.9, 40]), torch.tensor([20, 20, 40])
    three = embeddings[:3]
    assert loss(three, near).item() == pytest.approx(loss(three, whole).item(), rel=0.05)
    apart = loss(three, torch.tensor([20.0, 21.0, 40]))
    assert abs(apart.item() - loss(three, whole).item()) > 0.01


@pytest.mark.parametrize("reduction", ["all", "active"])
def test_the_gradient_is_right(reduction: str, embeddings: Tensor) -> None:
    loss = SimilarityAwarePairLoss(tau=0.2, q_on="margin", reduction=reduction)
    ages = torch.tensor(AGES)
    assert torch.autograd.gradcheck(lambda e: loss(e, ages), (embeddings.requires_grad_(),))


@pytest.mark.parametrize("size", [0, 1])
def test_a_batch_without_pairs_costs_nothing_and_moves_nothing(size: int) -> None:
    embeddings = torch.randn(size, 3, requires_grad=True)
    for reduction in ("all", "active"):
        loss = SimilarityAwarePairLoss(reduction=reduction)
        value = loss(embeddings, torch.full((size,), 30))
        assert value.item() == 0
        (gradient,) = torch.autograd.grad(value, embeddings)
        assert (gradient == 0).all()


def test_identical_embeddings_have_no_negative_distance() -> None:
    same = torch.full((5, 7), 0.37)
    assert SimilarityAwarePairLoss(pos_power=1)(same, torch.full((5,), 30)).item() >= 0


def test_the_power_of_the_pull_can_be_chosen(embeddings: Tensor) -> None:
    d = reference.d(*(reference.unit(row) for row in embeddings[:2].tolist()))
    for power in (1, 2):
        found = SimilarityAwarePairLoss(pos_power=power)(embeddings[:2], torch.tensor([30, 30]))
        assert found.item() == pytest.approx(d**power)


def test_bad_settings_and_calls_are_refused(embeddings: Tensor) -> None:
    ages = torch.tensor(AGES)
    with pytest.raises(ConfigError, match="Unknown reduction 'sum'. Known: all, active"):
        SimilarityAwarePairLoss(reduction="sum")
    with pytest.raises(ConfigError, match="Unknown pos_power 3. Known: 1, 2"):
        SimilarityAwarePairLoss(pos_power=3)
    with pytest.raises(ConfigError, match="demands a squared distance"):
        SimilarityAwarePairLoss(tau=1.0)
    with pytest.raises(ConfigError, match="at an age gap of 100 years"):
        SimilarityAwarePairLoss(tau=0.5, q_on="margin")
    SimilarityAwarePairLoss(tau=0.5, q_on="margin", largest_gap=20)
    loss = SimilarityAwarePairLoss()
    with pytest.raises(ConfigError, match="ref_emb and ref_labels belong together"):
        loss(embeddings, ages, ref_emb=embeddings)
    with pytest.raises(ConfigError, match="must hold 3 tensors .* or 4 .*, got 2"):
        loss(embeddings, ages, (ages, ages))
    with pytest.raises(DataError, match="labels are not finite"):
        loss(embeddings, torch.full((len(AGES),), math.nan))


def test_the_examples_in_the_documentation_hold() -> None:
    found = doctest.testmod(
        pair_loss, extraglobs={"torch": torch, "Similarity": pair_loss.Similarity}
    )
    assert (found.failed, found.attempted) == (0, 2)
