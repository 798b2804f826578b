import dataclasses
import doctest
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sadal_core import similarity
from sadal_core.errors import ConfigError
from sadal_core.similarity import SIMILARITIES, Similarity
from tests import reference

GAPS = np.arange(0, 121, dtype=np.float64)
REFERENCES = {
    "slide": reference.q_slide,
    "wing_norm": reference.q_wing_norm,
    "code_literal": reference.q_code_literal,
    "none": lambda *_: 1.0,
}
SANE = st.tuples(st.floats(2, 20), st.floats(0.5, 5))


@pytest.mark.parametrize("variant", SIMILARITIES)
@given(SANE, st.lists(st.floats(0, 120), min_size=0, max_size=12), st.floats(0, 120))
def test_q_is_the_published_formula(
    variant: str, parameters: tuple[float, float], ages: list[float], other: float
) -> None:
    length, eps = parameters
    expected = [REFERENCES[variant](age, other, length, eps) for age in ages]
    found = Similarity(variant, length, eps).between(np.array(ages), np.array([other]))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("variant", ["slide", "wing_norm", "code_literal"])
def test_the_reference_has_both_branches_and_is_not_constant(variant: str) -> None:
    values = [REFERENCES[variant](30, 30 + gap, 5, 1) for gap in (0, 1, 5, 6, 30)]
    assert len(set(values)) == 5
    assert Similarity(variant)(np.array([0.0, 1, 5, 6, 30])) == pytest.approx(values)


def test_an_own_c_shifts_the_line_and_not_the_logarithm() -> None:
    q, own = Similarity("slide"), Similarity("slide", C=0.4)
    assert own(GAPS) == pytest.approx([reference.q_slide(0, gap, 5, 1, 0.4) for gap in GAPS])
    assert own(5.0) == q(5.0)
    assert own(6.0) - q(6.0) == pytest.approx(q.continuous_C - 0.4)


@pytest.mark.parametrize(
    ("length", "eps", "c", "values"),
    [
        (5, 1, 0.6416, {1: 0.139, 5: 0.358, 10: 1.36, 20: 3.36, 60: 11.36}),
        (5, 2, 0.7494, {1: 0.081, 5: 0.251, 10: 1.25, 20: 3.25, 60: 11.25}),
        (10, 1, 0.7602, {1: 0.069, 10: 0.240, 20: 1.24, 60: 5.24}),
        (3, 1, 0.5379, {1: 0.231, 3: 0.462, 10: 2.80, 20: 6.13, 60: 19.46}),
    ],
)
def test_the_printed_form_has_the_values_worked_out_by_hand(
    length: float, eps: float, c: float, values: dict[int, float]
) -> None:
    q = Similarity("slide", length, eps)
    assert q.continuous_C == pytest.approx(c, abs=5e-5)
    for gap, value in values.items():
        assert q(gap) == pytest.approx(value, abs=0.0051)


def test_the_released_code_drops_after_five_years() -> None:
    q = Similarity("code_literal")
    expected = {1: 0.387, 2: 0.613, 3: 0.774, 4: 0.898, 5: 1.0, 6: 0.1259, 10: 0.199, 20: 0.355}
    for gap, value in (expected | {69: 1.0}).items():
        assert q(gap) == pytest.approx(value, abs=5e-4 if gap != 6 else 5e-5)
    assert (np.diff(q(GAPS)) < 0).sum() == 1


@given(SANE)
def test_slide_and_wing_norm_are_continuous_at_l(parameters: tuple[float, float]) -> None:
    length, eps = parameters
    for variant in ("slide", "wing_norm"):
        q = Similarity(variant, length, eps)
        below, above = q(math.nextafter(length, 0)), q(math.nextafter(length, 200))
        assert above - below == pytest.approx(0, abs=1e-9)
    assert Similarity("wing_norm", length, eps)(length) == pytest.approx(1)


@pytest.mark.parametrize("variant", SIMILARITIES)
@given(SANE, st.floats(0, 120), st.floats(0, 120))
def test_q_is_symmetric_and_not_negative(
    variant: str, parameters: tuple[float, float], age: float, other: float
) -> None:
    q = Similarity(variant, *parameters)
    assert q.between(age, other) == q.between(other, age) >= 0
    assert q(-age) == q(age)


@given(SANE, st.floats(0, 1))
def test_q_starts_at_zero_and_rises_with_the_gap(
    parameters: tuple[float, float], share: float
) -> None:
    length, eps = parameters
    lower = share * Similarity("slide", length, eps).continuous_C
    for q in (
        Similarity("slide", length, eps),
        Similarity("slide", length, eps, C=lower),
        Similarity("wing_norm", length, eps),
    ):
        assert q(0.0) == 0
        assert (np.diff(q(GAPS)) > 0).all()


def test_without_similarity_every_gap_counts_the_same() -> None:
    assert (Similarity("none")(GAPS) == 1).all()


@pytest.mark.parametrize("variant", SIMILARITIES)
def test_tensors_arrays_and_numbers_agree_and_keep_their_kind(variant: str) -> None:
    q = Similarity(variant)
    for dtype in (torch.float16, torch.float32, torch.float64):
        gaps = torch.tensor([[0, 1, 5], [6, 20, 69]], dtype=dtype)
        found = q(gaps)
        assert (found.dtype, found.shape, found.device) == (dtype, gaps.shape, gaps.device)
        array = q(gaps.numpy())
        assert (array.dtype, array.shape) == (gaps.numpy().dtype, (2, 3))
        np.testing.assert_array_equal(array, found.numpy())
    assert q(torch.tensor([1, 6])).dtype == torch.float32
    assert q(np.array([1, 6])).dtype == np.float64
    assert isinstance(q(6), float)
    assert q(6) == pytest.approx(float(q(np.array(6.0))))
    assert q(np.array([6, 1])[::-1]) == pytest.approx([q(1), q(6)])
    assert q(torch.zeros(0, 3)).shape == (0, 3)


def test_young_minus_old_does_not_wrap_around_in_unsigned_ages() -> None:
    young, old = np.array([20], np.uint8), np.array([30], np.uint8)
    assert Similarity().between(young, old) == pytest.approx([Similarity()(10)])
    tensors = torch.tensor([20], dtype=torch.uint8), torch.tensor([30], dtype=torch.uint8)
    assert Similarity().between(*tensors).item() == pytest.approx(Similarity()(10))


@pytest.mark.parametrize("variant", SIMILARITIES)
def test_a_missing_age_stays_missing(variant: str) -> None:
    assert np.isnan(Similarity(variant)(np.array([np.nan, 1.0]))).tolist() == [True, False]


@pytest.mark.parametrize("variant", ["slide", "wing_norm", "code_literal"])
def test_the_gradient_with_respect_to_the_gap_is_right(variant: str) -> None:
    gaps = torch.tensor([0.5, 1, 3.3, 4.9, 5.1, 17], dtype=torch.float64, requires_grad=True)
    q = Similarity(variant)
    assert torch.autograd.gradcheck(lambda tensor: q(tensor), (gaps,))


def test_the_slope_of_the_printed_form_jumps_by_l_plus_eps() -> None:
    gaps = torch.tensor([5 - 1e-9, 5 + 1e-9], dtype=torch.float64, requires_grad=True)
    (slopes,) = torch.autograd.grad(Similarity("slide")(gaps).sum(), gaps)
    assert slopes[1] / slopes[0] == pytest.approx(6)


def test_the_demand_falls_with_the_gap_on_the_distance_and_grows_on_the_margin() -> None:
    q = Similarity("slide")
    falls = q.demanded_distance(GAPS, tau=1.0)
    grows = q.demanded_distance(GAPS, tau=1.0, q_on="margin")
    assert falls[[1, 5, 20]] == pytest.approx([7.2, 2.8, 0.30], abs=0.03)
    assert math.isinf(falls[0])
    assert (np.diff(falls) < 0).all()
    assert grows == pytest.approx(q(GAPS))
    assert (np.diff(grows) > 0).all()
    assert q.demanded_distance(GAPS, tau=0.5) == pytest.approx(falls / 2)
    assert q.demanded_distance(GAPS, tau=0.5, q_on="margin") == pytest.approx(grows / 2)
    assert q.demanded_distance(torch.tensor([20.0]), tau=1.0).item() == pytest.approx(falls[20])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"variant": "cosine"}, "Unknown similarity 'cosine'. Known: slide, wing_norm"),
        ({"L": 0.99}, "L must be a gap of at least 1 year, got 0.99"),
        ({"L": math.nan}, "L must be"),
        ({"L": math.inf}, "L must be"),
        ({"eps": 0.0}, "eps must be above 0 years, got 0.0"),
        ({"eps": -1.0}, "eps must be above 0"),
        ({"eps": math.nan}, "eps must be"),
        ({"eps": math.inf}, "eps must be"),
        ({"eps": 1e-320}, "eps = 9.99989e-321 years is too far from L = 5 years"),
        ({"eps": 1e11}, "too far from L"),
        ({"L": 1.0, "eps": 0.5}, "Q reaches 1.099 at the gap L, and must stay below 1"),
        ({"C": 0.642}, "C = 0.642 makes Q fall at the gap L = 5.*at most 0.641648"),
        ({"C": math.nan}, "C must be a finite number"),
        ({"C": -math.inf}, "C must be a finite number"),
        ({"variant": "wing_norm", "C": 0.5}, "C belongs to the similarity 'slide' only"),
        ({"variant": "code_literal", "L": 69.0}, "L must be below 69 years"),
    ],
)
def test_bad_parameters_are_refused_with_the_reason(changes: dict, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        Similarity(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"L": 1.0, "eps": 1.0},
        {"C": Similarity().continuous_C},
        {"variant": "wing_norm", "L": 1.0, "eps": 0.5},
        {"variant": "code_literal", "L": 68.0},
        {"variant": "wing_norm", "L": 8.0, "eps": 4e9},
    ],
)
def test_parameters_at_the_bounds_are_taken(changes: dict) -> None:
    assert np.isfinite(Similarity(**changes)(GAPS)).all()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tau": 0.0}, "tau must be a finite squared distance above 0, got 0.0"),
        ({"tau": math.inf}, "tau must be"),
        ({"tau": 1.0, "q_on": "age"}, "Unknown q_on 'age'. Known: distance, margin"),
    ],
)
def test_a_bad_margin_is_refused(changes: dict, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        Similarity().demanded_distance(GAPS, **changes)


def test_checked_parameters_stay_as_they_were_checked() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Similarity().L = -1  # pyright: ignore[reportAttributeAccessIssue]


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(similarity).failed == 0
    assert doctest.testmod(similarity).attempted > 0
