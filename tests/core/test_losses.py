import pytest
import torch
from torch import Tensor

from sadal_core.errors import ConfigError
from sadal_core.losses import (
    ADVERSARIES,
    check_margin,
    d_negative,
    d_positive,
    g_adv,
    g_hard,
    g_reg,
    squared_distance,
)
from sadal_core.similarity import SIMILARITIES, Similarity
from tests import reference

D = torch.linspace(0, 4, 41, dtype=torch.float64).repeat(4)
Q = torch.tensor([0.1, 0.4, 0.9, 2.5], dtype=torch.float64).repeat_interleave(41)
D_POSITIVE = torch.linspace(1.5, 0, 164, dtype=torch.float64)
TAU, ALPHA = 0.55, 0.2


def assert_both_sides(expected: list[float]) -> None:
    """The reference is not trivial: the hinge is off somewhere, on elsewhere, with many values."""
    assert 0 in expected
    assert len({round(value, 12) for value in expected}) > 20


def assert_equal(found: Tensor, expected: list[float]) -> None:
    assert found.shape == (len(expected),)
    torch.testing.assert_close(
        found, torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-14
    )


def test_the_distance_is_the_squared_euclidean_one() -> None:
    a, b = torch.randn(2, 7, 3, dtype=torch.float64)
    expected = [reference.d(u, v) for u, v in zip(a.tolist(), b.tolist(), strict=True)]
    for distance in (squared_distance, g_hard, g_reg):
        assert_equal(distance(a, b), expected)
    assert squared_distance(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)).tolist() == [25]
    shifted = squared_distance(a + 1.5, b + 1.5)
    assert_equal(shifted, expected)


def test_the_adversarial_term_is_the_one_of_the_released_code() -> None:
    expected = [
        reference.adv_one_minus_q(d, q, TAU) for d, q in zip(D.tolist(), Q.tolist(), strict=True)
    ]
    assert_both_sides(expected)
    assert_equal(g_adv(D, D_POSITIVE, Q, tau=TAU), expected)
    assert g_adv(D, D_POSITIVE, Q, tau=TAU)[Q > 1].tolist() == [0] * 41


def test_the_printed_adversarial_term_is_zero_and_so_is_its_gradient() -> None:
    d, q = D.clone().requires_grad_(), Q.clone().requires_grad_()
    terms = g_adv(d, D_POSITIVE, q, tau=TAU, adv="printed")
    expected = [
        reference.adv_printed(a, b, TAU) for a, b in zip(D.tolist(), Q.tolist(), strict=True)
    ]
    assert set(expected) == {0}
    assert terms.tolist() == expected
    for gradient in torch.autograd.grad(terms.sum(), (d, q)):
        assert (gradient == 0).all()
    # It would act on a distance below 0: the formula is there, no constant stands in for it.
    acting = g_adv(-d, D_POSITIVE, q, tau=TAU, adv="printed")
    assert_equal(
        acting,
        [reference.adv_printed(-a, b, TAU) for a, b in zip(D.tolist(), Q.tolist(), strict=True)],
    )
    assert (acting > 0).any()


def test_the_daml_term_compares_with_the_positive() -> None:
    expected = [
        reference.adv_daml(d, p, ALPHA)
        for d, p in zip(D.tolist(), D_POSITIVE.tolist(), strict=True)
    ]
    assert_both_sides(expected)
    assert_equal(g_adv(D, D_POSITIVE, Q, tau=TAU, alpha=ALPHA, adv="daml"), expected)
    even = [reference.adv_daml(d, d, 0.0) for d in D.tolist()]
    assert_equal(g_adv(D, D, Q, tau=TAU, adv="daml"), even)
    assert_equal(g_adv(D + 0.5, D, Q, tau=TAU, adv="daml"), [0.5] * len(even))


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("q_on", ["distance", "margin"])
def test_the_hinge_of_negatives_is_the_published_formula(q_on: str, power: int) -> None:
    hinge = {"distance": reference.hinge_on_distance, "margin": reference.hinge_on_margin}[q_on]
    expected = [hinge(d, q, TAU, power) for d, q in zip(D.tolist(), Q.tolist(), strict=True)]
    assert_both_sides(expected)
    assert_equal(d_negative(D, Q, tau=TAU, q_on=q_on, power=power), expected)


def test_the_hinge_is_squared_and_on_the_distance_unless_told_otherwise() -> None:
    torch.testing.assert_close(
        d_negative(D, Q, tau=TAU), d_negative(D, Q, tau=TAU, q_on="distance", power=2)
    )


@pytest.mark.parametrize("q_on", ["distance", "margin"])
def test_the_hinge_ends_at_the_demanded_distance(q_on: str) -> None:
    similarity = Similarity("wing_norm")
    gaps = torch.tensor([1, 5, 20], dtype=torch.float64)
    demanded = similarity.demanded_distance(gaps, tau=TAU, q_on=q_on)
    below, above = (
        d_negative(demanded * factor, similarity(gaps), tau=TAU, q_on=q_on)
        for factor in (0.999, 1.001)
    )
    assert (below > 0).all()
    assert (above == 0).all()


@pytest.mark.parametrize("power", [1, 2])
def test_the_pull_is_a_power_of_the_squared_distance(power: int) -> None:
    expected = [reference.pull(d, power) for d in D.tolist()]
    assert_equal(d_positive(D, power=power), expected)
    assert expected[40] == 4**power
    assert_equal(d_positive(D), [d**2 for d in D.tolist()])


def _away_from_kinks(*thresholds: Tensor) -> Tensor:
    clear = torch.stack([(D - at).abs() > 1e-3 for at in thresholds]).all(dim=0)
    return clear & (D > 0)


@pytest.mark.parametrize("adv", ADVERSARIES)
def test_the_gradient_of_the_adversarial_term_is_right(adv: str) -> None:
    rest = (1 - Q.clamp(max=1)).clamp(min=1e-9)
    chosen = _away_from_kinks(TAU / rest, D_POSITIVE + ALPHA)
    d, p, q = (part[chosen].clone().requires_grad_() for part in (D, D_POSITIVE, Q))
    assert torch.autograd.gradcheck(
        lambda *parts: g_adv(*parts, tau=TAU, alpha=ALPHA, adv=adv), (d, p, q)
    )


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("q_on", ["distance", "margin"])
def test_the_gradient_of_the_hinge_is_right(q_on: str, power: int) -> None:
    chosen = _away_from_kinks(TAU / Q, TAU * Q)
    d, q = (part[chosen].clone().requires_grad_() for part in (D, Q))
    assert torch.autograd.gradcheck(
        lambda d, q: d_negative(d, q, tau=TAU, q_on=q_on, power=power), (d, q)
    )


def test_the_gradient_of_distances_and_pull_is_right() -> None:
    a, b = (part.requires_grad_() for part in torch.randn(2, 3, 4, dtype=torch.float64))
    assert torch.autograd.gradcheck(squared_distance, (a, b))
    assert torch.autograd.gradcheck(lambda a, b: d_positive(squared_distance(a, b)), (a, b))


@pytest.mark.parametrize("size", [0, 1])
def test_batches_of_none_and_one_give_as_many_values(size: int) -> None:
    d, q, vectors = D[:size], Q[:size], torch.zeros(size, 3)
    found = [g_adv(d, d, q, tau=TAU, adv=adv, alpha=0.0) for adv in ADVERSARIES]
    found += [d_negative(d, q, tau=TAU), d_positive(d), squared_distance(vectors, vectors)]
    assert all(terms.shape == (size,) for terms in found)


@pytest.mark.parametrize("q_on", ["distance", "margin"])
@pytest.mark.parametrize("variant", SIMILARITIES)
def test_a_margin_is_refused_exactly_when_unit_vectors_cannot_meet_it(
    variant: str, q_on: str
) -> None:
    q = Similarity(variant)
    values = [q(gap) for gap in range(1, 31)]
    largest = 4 * min(values) if q_on == "distance" else 4 / max(values)
    check_margin(q, tau=largest * 0.999, q_on=q_on, largest_gap=30)
    with pytest.raises(ConfigError, match=f"Take tau of at most {largest:.3f}"):
        check_margin(q, tau=largest * 1.001, q_on=q_on, largest_gap=30)


def test_the_refusal_of_a_margin_names_the_gap_and_what_it_demands() -> None:
    with pytest.raises(ConfigError, match=r"squared distance of 7\.21 at an age gap of 1 years"):
        check_margin(Similarity(), tau=1.0, q_on="distance", largest_gap=5)
    with pytest.raises(ConfigError, match="at an age gap of 60 years"):
        check_margin(Similarity(), tau=0.5, q_on="margin", largest_gap=60)


def test_a_margin_that_takes_the_whole_sphere_can_just_be_met() -> None:
    for q_on in ("distance", "margin"):
        check_margin(Similarity("none"), tau=4.0, q_on=q_on, largest_gap=5)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ConfigError, match="Unknown adv 'gan'. Known: one_minus_q, printed, daml"):
        g_adv(D, D, Q, tau=TAU, adv="gan")
    with pytest.raises(ConfigError, match="Unknown q_on 'age'"):
        d_negative(D, Q, tau=TAU, q_on="age")
