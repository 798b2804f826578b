import itertools
import math

import pytest
import torch
from torch import Tensor

from sadal_core.methods.metrics.ordinal import apartness, cost_loss, order_loss, pairs_of
from sadal_core.quadruplets import Roles

GAPS = [0.0, 3.0, 10.0, 3.0, 40.0, 1.0, 0.0]


def order_in_loops(d: list[float], gaps: list[float], m: float) -> tuple[float, list[float]]:
    """Every pair of pairs of different gaps: the mean cost, and the hinges."""
    weighed, weights, hinges = 0.0, 0.0, []
    for p, q in itertools.product(range(len(d)), repeat=2):
        if gaps[p] < gaps[q]:
            hinge = max(0.0, m + d[p] - d[q])
            weighed += (gaps[q] - gaps[p]) * hinge
            weights += gaps[q] - gaps[p]
            hinges.append(hinge)
    return weighed / weights, hinges


def cost_in_loops(d: list[float], gaps: list[float], tau: float, w: float) -> float:
    total = 0.0
    for one, gap in zip(d, gaps, strict=True):
        near = math.exp(-(gap**2) / (2 * w**2))
        total += near * one + (1 - near) * max(0.0, tau - one)
    return total / len(d)


@pytest.fixture
def d() -> Tensor:
    return torch.tensor([0.11, 0.32, 0.9, 0.17, 1.3, 0.45, 0.6], dtype=torch.float64)


@pytest.fixture
def gaps() -> Tensor:
    return torch.tensor(GAPS, dtype=torch.float64)


def test_the_order_loss_is_the_mean_over_all_pairs_of_pairs(d: Tensor, gaps: Tensor) -> None:
    expected, hinges = order_in_loops(d.tolist(), GAPS, 0.2)
    assert 0 in hinges
    assert len(set(hinges)) > 5
    assert order_loss(d, gaps, margin=0.2).item() == pytest.approx(expected)


def test_the_order_loss_of_two_pairs_by_hand() -> None:
    d, gaps = torch.tensor([0.5, 0.4]), torch.tensor([2.0, 7.0])
    assert order_loss(d, gaps, margin=0.3).item() == pytest.approx(0.4)
    assert order_loss(d.flip(0), gaps, margin=0.3).item() == pytest.approx(0.2)


def test_distances_in_the_order_of_the_gaps_cost_nothing(gaps: Tensor) -> None:
    ordered = gaps / 10
    assert order_loss(ordered, gaps, margin=0.1).item() == 0
    assert order_loss(-ordered, gaps, margin=0.1).item() > 0


def test_a_mistake_costs_more_the_larger_the_difference_of_the_gaps() -> None:
    d = torch.tensor([0.3, 0.3, 0.9], dtype=torch.float64, requires_grad=True)
    order_loss(d, torch.tensor([1.0, 4.0, 30.0], dtype=torch.float64), margin=0.1).backward()
    assert d.grad is not None
    assert d.grad.tolist() == pytest.approx([3 / 58, -3 / 58, 0])
    far = torch.tensor([0.3, 0.3, 0.3], dtype=torch.float64, requires_grad=True)
    order_loss(far, torch.tensor([1.0, 4.0, 30.0], dtype=torch.float64), margin=0.1).backward()
    assert far.grad is not None
    assert far.grad.tolist() == pytest.approx([32 / 58, 23 / 58, -55 / 58])


def test_the_cost_loss_is_the_weighed_mean(d: Tensor, gaps: Tensor) -> None:
    expected = cost_in_loops(d.tolist(), GAPS, 0.5, 4)
    assert expected > 0.1
    assert cost_loss(d, gaps, tau=0.5, width=4).item() == pytest.approx(expected)


def test_apartness_grows_with_the_gap_from_nothing_to_one() -> None:
    made = apartness(torch.arange(0, 121, dtype=torch.float64), width=5)
    assert made[0] == 0
    assert (made.diff()[:25] > 0).all()
    assert (made.diff() >= 0).all()
    assert made[-1] == pytest.approx(1)
    assert made[5].item() == pytest.approx(1 - math.exp(-0.5))


def test_gradients_are_those_of_finite_differences(d: Tensor, gaps: Tensor) -> None:
    moved = d.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: order_loss(x, gaps, margin=0.203), (moved,))
    assert torch.autograd.gradcheck(lambda x: cost_loss(x, gaps, tau=0.51, width=4), (moved,))


def quadruplets(count: int) -> tuple[Roles, Tensor]:
    torch.manual_seed(3)
    ages = torch.randint(20, 60, (1, count), dtype=torch.float64)
    steps = torch.tensor([[0], [0], [-7], [12]], dtype=torch.float64)
    return Roles(*torch.randn(4, count, 5, dtype=torch.float64)), ages + steps


def test_the_four_pairs_of_a_quadruplet_have_the_gaps_of_their_ages() -> None:
    embeddings, ages = quadruplets(3)
    d, gaps = pairs_of(embeddings, ages)
    assert gaps.reshape(4, 3).tolist() == [[0] * 3, [7] * 3, [12] * 3, [19] * 3]
    anchor, positive, younger, older = (role[1].tolist() for role in embeddings)
    for place, (a, b) in enumerate(
        [(anchor, positive), (anchor, younger), (positive, older), (younger, older)]
    ):
        expected = sum((u - v) ** 2 for u, v in zip(a, b, strict=True))
        assert d.reshape(4, 3)[place, 1].item() == pytest.approx(expected)


def test_rigid_motions_and_the_order_of_the_batch_do_not_change_the_losses() -> None:
    embeddings, ages = quadruplets(6)
    turn = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64)).Q
    shuffled = torch.randperm(6)
    moved = Roles(*((role @ turn + 3)[shuffled] for role in embeddings))
    before, after = pairs_of(embeddings, ages), pairs_of(moved, ages[:, shuffled])
    assert order_loss(*before, margin=1).item() == pytest.approx(
        order_loss(*after, margin=1).item()
    )
    before_cost, after_cost = (cost_loss(*one, tau=9, width=5) for one in (before, after))
    assert before_cost.item() == pytest.approx(after_cost.item())


@pytest.mark.parametrize("count", [0, 1, 3])
def test_pairs_of_one_gap_have_no_order(count: int) -> None:
    d = torch.ones(count, requires_grad=True)
    loss = order_loss(d, torch.full((count,), 4.0), margin=0.5)
    loss.backward()
    assert loss.item() == 0
    assert d.grad is not None
    assert d.grad.tolist() == [0] * count
