r"""Q, the similarity of two ages: a number that grows with their gap. The formulas, nothing else.

SADAL weighs negatives by Q: as printed, on the distance (the hinge :math:`\tau - d\,Q`), or, in
our correction, on the margin (:math:`\tau Q - d`). The paper calls Q a similarity although it
grows with the difference; the name is kept. Symbols are the paper's: L, eps and C.

Source: H. Liu, slides "Similarity-Aware Deep Adversarial Learning for Facial Age Estimation"
(the method of Sun et al., ICME 2019), the equation of Q; the released Caffe code for
`code_literal`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import torch
from torch import Tensor

from sadal_core.errors import ConfigError
from sadal_core.settings import check_choice

Values = TypeVar("Values", Tensor, np.ndarray, float)

_CLOSEST, _FARTHEST = 1e-9, 1e9  # of eps / L; beyond them Q has no digits, or overflows
_LAST_GAP: Final = 69.0  # the gap at which the released code normalises its second branch


@dataclass(frozen=True)
class Similarity:
    """Q as a callable of age gaps in years, with checked parameters.

    >>> q = Similarity("slide", L=5, eps=1)
    >>> round(q(5), 3), round(q(20), 3)
    (0.358, 3.358)

    Attributes:
        variant: name in `SIMILARITIES`.
        L: gap in years at which Q changes from a logarithm to a line, at least 1.
        eps: curvature of the logarithm in years, above 0.
        C: what the line of `slide` is lowered by; None is `continuous_C`, the value that joins
            the branches. The other variants have no such constant.
    """

    variant: str = "slide"
    L: float = 5.0
    eps: float = 1.0
    C: float | None = None

    def __post_init__(self) -> None:
        """Refuse parameters with which Q would not be finite or would fall as the gap grows.

        Raises:
            ConfigError: says which parameter, and why.
        """
        check_choice("similarity", self.variant, SIMILARITIES)
        if not (math.isfinite(self.L) and self.L >= 1):
            raise ConfigError(f"L must be a gap of at least 1 year, got {self.L}.")
        if not (math.isfinite(self.eps) and self.eps > 0):
            raise ConfigError(f"eps must be above 0 years, got {self.eps}.")
        if not _CLOSEST < self.eps / self.L < _FARTHEST:
            raise ConfigError(
                f"eps = {self.eps:g} years is too far from L = {self.L:g} years to compute with. "
                "Take an eps from 0.5 to 5."
            )
        if self.variant == "slide":
            self._check_slide()
        elif self.C is not None:
            raise ConfigError(
                f"C belongs to the similarity 'slide' only; leave it out of {self.variant!r}."
            )
        if self.variant == "code_literal" and self.L >= _LAST_GAP:
            raise ConfigError(
                f"L must be below {_LAST_GAP:g} years for 'code_literal', got {self.L:g}: "
                "the released code normalises larger gaps there."
            )

    def _check_slide(self) -> None:
        if self.continuous_C <= 0:
            raise ConfigError(
                f"With L = {self.L:g} and eps = {self.eps:g}, Q reaches "
                f"{1 - self.continuous_C:.3f} at the gap L, and must stay below 1 there. "
                "Take a larger L or a larger eps."
            )
        if self.C is None:
            return
        if not math.isfinite(self.C):
            raise ConfigError(f"C must be a finite number, got {self.C}.")
        if self.continuous_C < self.C:
            raise ConfigError(
                f"C = {self.C:g} makes Q fall at the gap L = {self.L:g}, where it must not: "
                f"take C of at most {self.continuous_C:.6f}, or leave it out."
            )

    @property
    def continuous_C(self) -> float:
        r"""The C that joins the branches of `slide`, :math:`C^* = 1 - \ln(1 + L/\epsilon) / L`."""
        return 1 - self._log(self.L) / self.L

    def _log(self, gap: float) -> float:
        return math.log1p(gap / self.eps)

    def __call__(self, gaps: Values) -> Values:
        """Q of age gaps in years; the sign of a gap does not count.

        Args:
            gaps: a tensor, an array (of any shape) or a number. Whole numbers become torch's
                default type or float64; other types and the device are kept. NaN stays NaN.
        """
        formula = SIMILARITIES[self.variant]
        return _apply(lambda tensor: formula(tensor.abs(), self), gaps)

    def between(self, ages: Values, others: Values) -> Values:
        """Q of pairs of ages in years, of shapes that broadcast; symmetric in the two."""
        gaps: Any = _floating(ages) - _floating(others)
        return self(gaps)

    def demanded_distance(self, gaps: Values, *, tau: float, q_on: str = "distance") -> Values:
        r"""Squared distance from which on the hinge of a negative at each gap is zero.

        .. math:: \tau / Q \text{ (q_on="distance")}, \qquad \tau Q \text{ (q_on="margin")}

        Args:
            gaps: age gaps in years, as in a call.
            tau: margin, a squared distance above 0.
            q_on: "distance" is the paper, whose demand *falls* as the gap grows; "margin" is our
                correction, whose demand grows with it.

        Returns:
            Infinity where Q is 0 and on the distance: no distance is enough.

        Raises:
            ConfigError: tau is not above 0, or q_on is unknown.
        """
        check_margin_settings(tau, q_on)
        demand = _DEMANDS[q_on]
        return _apply(lambda q: demand(q, tau), self(gaps))


def check_margin_settings(tau: float, q_on: str) -> None:
    """Refuse a margin that is not above 0, and an unknown place for Q.

    Raises:
        ConfigError: names the setting, its value and what is allowed.
    """
    if not (math.isfinite(tau) and tau > 0):
        raise ConfigError(f"tau must be a finite squared distance above 0, got {tau}.")
    check_choice("q_on", q_on, _DEMANDS)


def slide(gaps: Tensor, q: Similarity) -> Tensor:
    r"""Q as printed; with C = C* continuous, with a kink at L (slope 1/(L(L+eps)) to 1/L).

    .. math:: Q(g) = \tfrac1L \ln(1 + g/\epsilon) \text{ if } g \le L, \quad g/L - C
        \text{ otherwise}
    """
    offset = q.continuous_C if q.C is None else q.C
    return torch.where(gaps <= q.L, torch.log1p(gaps / q.eps) / q.L, gaps / q.L - offset)


def wing_norm(gaps: Tensor, q: Similarity) -> Tensor:
    r"""The wing loss scaled so that Q(L) = 1: continuous and increasing.

    .. math:: Q(g) = \frac{\ln(1 + g/\epsilon)}{\ln(1 + L/\epsilon)} \text{ if } g \le L, \quad
        1 + \frac{g - L}{L \ln(1 + L/\epsilon)} \text{ otherwise}

    Reference: Feng et al., "Wing Loss", CVPR 2018, eq. 5, divided by its value at L.
    """
    top = math.log1p(q.L / q.eps)
    return torch.where(gaps <= q.L, torch.log1p(gaps / q.eps) / top, 1 + (gaps - q.L) / (q.L * top))


def code_literal(gaps: Tensor, q: Similarity) -> Tensor:
    r"""Q as the released code computes it: at L it drops from 1 to .126 (for L=5, eps=1).

    .. math:: Q(g) = \frac{\ln(1 + g/\epsilon)}{\ln(1 + L/\epsilon)} \text{ if } g \le L, \quad
        \frac{r(g)}{r(69)} \text{ otherwise}, \quad r(g) = g - L + L \ln(1 + g/\epsilon)

    It is neither continuous nor monotone, which its authors' sampling window of L years hides:
    kept for comparison.
    """

    def released(gap: Tensor) -> Tensor:
        return gap - q.L + q.L * torch.log1p(gap / q.eps)

    near = torch.log1p(gaps / q.eps) / math.log1p(q.L / q.eps)
    return torch.where(gaps <= q.L, near, released(gaps) / released(gaps.new_tensor(_LAST_GAP)))


def none(gaps: Tensor, q: Similarity) -> Tensor:
    """Q = 1 whatever the gap: the control without similarity. NaN stays NaN."""
    return torch.ones_like(gaps).where(~gaps.isnan(), gaps)


SIMILARITIES: Final[dict[str, Callable[[Tensor, Similarity], Tensor]]] = {
    "slide": slide,
    "wing_norm": wing_norm,
    "code_literal": code_literal,
    "none": none,
}


_DEMANDS: Final[dict[str, Callable[[Tensor, float], Tensor]]] = {
    "distance": lambda q, tau: tau / q,
    "margin": lambda q, tau: tau * q,
}


def _floating(values: Values) -> Values:
    """`values` as floating numbers, which, unlike unsigned ones, can be subtracted."""
    if isinstance(values, Tensor):
        return values if values.is_floating_point() else values.to(torch.get_default_dtype())
    if isinstance(values, np.ndarray):
        exact = values.dtype in (np.float16, np.float32, np.float64)
        return values if exact else values.astype(np.float64)
    return float(values)


def _apply(formula: Callable[[Tensor], Tensor], values: Values) -> Values:
    """`formula` of a tensor, applied to a tensor, an array or a number; the kind is kept."""
    if isinstance(values, Tensor):
        return formula(_floating(values))
    array = np.array(_floating(values), order="C")  # a copy: torch takes no negative strides
    result: Any = formula(torch.from_numpy(array)).numpy()
    if isinstance(values, np.ndarray):
        return result
    return float(result)
