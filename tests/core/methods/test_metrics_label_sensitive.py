import math

import pytest
import torch
from torch import Tensor

from sadal_core.methods.metrics.label_sensitive import (
    centroid_alignment,
    hardest_negatives,
    label_sensitive,
    label_weight,
)

PAIR_AGES = [20, 33, 33, 60]
AGES = [20, 20, 21, 33, 40, 60, 75, 9]
MARGIN = 2.5


def squared(a: list[float], b: list[float]) -> float:
    return sum((u - v) ** 2 for u, v in zip(a, b, strict=True))


def pair_in_loops(
    pair: tuple[list[float], list[float]], age: float, samples: list[list[float]]
) -> tuple[float, list[int]]:
    """J of one positive pair, and which negative each of the two met."""
    total, met = 0.0, []
    for one in pair:
        worst, which = -math.inf, -1
        for place, (other, other_age) in enumerate(zip(samples, AGES, strict=True)):
            gap = abs(age - other_age)
            shortfall = MARGIN * gap / 120 - squared(one, other)
            if gap > 0 and shortfall > worst:
                worst, which = shortfall, place
        total += max(0.0, squared(*pair) + worst)
        met.append(which)
    return total, met


@pytest.fixture
def faces() -> tuple[Tensor, Tensor, Tensor]:
    """Anchors, positives and samples to mine in."""
    torch.manual_seed(5)
    drawn = [0.5 * torch.randn(count, 3, dtype=torch.float64) for count in (4, 4, 8)]
    drawn[1][0] = drawn[0][0] + 0.01
    drawn[2] *= 3
    return drawn[0], drawn[1], drawn[2]


def ages(values: list[int]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_the_loss_is_that_of_every_pair_against_its_hardest_negatives(
    faces: tuple[Tensor, Tensor, Tensor],
) -> None:
    anchor, positive, samples = faces
    expected, met = zip(
        *(
            pair_in_loops((a, p), age, samples.tolist())
            for a, p, age in zip(anchor.tolist(), positive.tolist(), PAIR_AGES, strict=True)
        ),
        strict=True,
    )
    assert len({place for places in met for place in places}) > 2
    assert min(expected) == 0
    assert max(expected) > 0.5
    made = label_sensitive((anchor, positive), ages(PAIR_AGES), samples, ages(AGES), margin=MARGIN)
    assert made.tolist() == pytest.approx(list(expected))


def test_the_two_of_a_pair_mine_for_themselves_by_hand() -> None:
    pair = torch.tensor([[0.0]]), torch.tensor([[1.0]])
    samples, other = torch.tensor([[-0.5], [1.5]]), torch.tensor([0.0, 60.0])
    made = label_sensitive(pair, torch.tensor([30.0]), samples, other, margin=4.0)
    assert made.tolist() == [2 * (1 + 1 - 0.25)]


def test_no_other_negative_is_harder_than_the_mined_one() -> None:
    torch.manual_seed(0)
    d, gaps = torch.rand(30, 50) * 4, torch.randint(0, 5, (30, 50)).float() * 20
    mined = hardest_negatives(d, gaps, margin=3.0)
    row = torch.arange(30)
    assert (gaps[row, mined] > 0).all()
    shortfall = 3.0 * gaps / 120 - d
    best = shortfall[row, mined][:, None]
    assert (best >= shortfall)[gaps > 0].all()
    assert (mined != d.argmin(dim=1)).any()


def test_the_nearest_is_the_hardest_of_one_age_and_the_farthest_age_of_one_distance() -> None:
    d = torch.tensor([[0.0, 0.3, 0.2], [0.0, 0.5, 0.5]])
    gaps = torch.tensor([[0.0, 9.0, 9.0], [0.0, 3.0, 70.0]])
    assert hardest_negatives(d, gaps, margin=1.0).tolist() == [2, 2]


def test_the_weight_grows_with_the_gap_from_nothing_to_one() -> None:
    weights = label_weight(torch.arange(0, 121, dtype=torch.float64))
    assert weights[0] == 0
    assert weights[-1] == 1
    assert (weights.diff() > 0).all()


def test_rigid_motions_do_not_change_the_loss(faces: tuple[Tensor, Tensor, Tensor]) -> None:
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    before, after = (
        label_sensitive((one, two), ages(PAIR_AGES), samples, ages(AGES), margin=MARGIN)
        for one, two, samples in (faces, tuple(points @ turn - 2 for points in faces))
    )
    assert before.tolist() == pytest.approx(after.tolist())
    assert before.sum() > 0


def test_the_order_of_the_samples_does_not_change_the_loss(
    faces: tuple[Tensor, Tensor, Tensor],
) -> None:
    anchor, positive, samples = faces
    order = torch.randperm(len(AGES))
    before = label_sensitive((anchor, positive), ages(PAIR_AGES), samples, ages(AGES), margin=1)
    after = label_sensitive(
        (anchor, positive), ages(PAIR_AGES), samples[order], ages(AGES)[order], margin=1
    )
    assert before.tolist() == pytest.approx(after.tolist())


def test_gradients_are_those_of_finite_differences(faces: tuple[Tensor, Tensor, Tensor]) -> None:
    def loss(anchor: Tensor, positive: Tensor, samples: Tensor) -> Tensor:
        return label_sensitive(
            (anchor, positive), ages(PAIR_AGES), samples, ages(AGES), margin=MARGIN
        )

    assert torch.autograd.gradcheck(loss, tuple(one.clone().requires_grad_() for one in faces))


def test_a_batch_without_pairs_has_no_loss(faces: tuple[Tensor, Tensor, Tensor]) -> None:
    _, _, samples = faces
    none = samples[:0]
    made = label_sensitive((none, none), ages([]), samples, ages(AGES), margin=1)
    assert made.shape == (0,)


def alignment_in_loops(populations: list[tuple[list[list[float]], list[int]]]) -> float:
    terms = []
    for one in range(len(populations)):
        for other in range(one):
            for age in set(populations[one][1]) & set(populations[other][1]):
                means = []
                for points, years in (populations[one], populations[other]):
                    own = [p for p, year in zip(points, years, strict=True) if year == age]
                    means.append([sum(axis) / len(own) for axis in zip(*own, strict=True)])
                dot = sum(u * v for u, v in zip(*means, strict=True))
                sizes = math.prod(math.sqrt(squared(mean, [0.0] * len(mean))) for mean in means)
                terms.append(1 - dot / sizes)
    return sum(terms) / len(terms)


def populations() -> list[tuple[Tensor, list[int]]]:
    torch.manual_seed(8)
    years = [[20, 20, 31, 50], [31, 20, 20, 20, 77], [50, 50, 31]]
    return [(torch.randn(len(own), 4, dtype=torch.float64), own) for own in years]


def test_the_alignment_is_the_mean_over_shared_ages_of_all_populations() -> None:
    made = centroid_alignment([(points, ages(years)) for points, years in populations()])
    expected = alignment_in_loops([(points.tolist(), years) for points, years in populations()])
    assert 0.1 < expected < 2
    assert made.item() == pytest.approx(expected)


def test_the_alignment_is_nothing_for_the_same_directions_and_two_for_opposite_ones() -> None:
    points, years = populations()[0]
    same = centroid_alignment([(points, ages(years)), (3 * points, ages(years))])
    opposite = centroid_alignment([(points, ages(years)), (-points, ages(years))])
    assert same.item() == pytest.approx(0, abs=1e-12)
    assert opposite.item() == pytest.approx(2)


def test_a_common_rotation_does_not_change_the_alignment() -> None:
    turn = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64)).Q
    before = centroid_alignment([(points, ages(years)) for points, years in populations()])
    after = centroid_alignment([(points @ turn, ages(years)) for points, years in populations()])
    assert before.item() == pytest.approx(after.item())


def test_the_gradient_of_the_alignment_is_that_of_finite_differences() -> None:
    (one, years), (other, other_years) = populations()[:2]

    def loss(a: Tensor, b: Tensor) -> Tensor:
        return centroid_alignment([(a, ages(years)), (b, ages(other_years))])

    assert torch.autograd.gradcheck(loss, (one.requires_grad_(), other.requires_grad_()))


def test_populations_without_a_shared_age_have_nothing_to_align() -> None:
    points = torch.ones(2, 3, requires_grad=True)
    loss = centroid_alignment(
        [(points, torch.tensor([20.0, 30.0])), (torch.ones(1, 3), torch.tensor([25.0]))]
    )
    loss.backward()
    assert loss.item() == 0
    assert points.grad is not None
    assert not points.grad.any()
