r"""Age distributions made honest: 80 % intervals that hold 80 % of the ages of every decade.

One temperature widens all distributions alike. Over all ages the intervals then hold what they
claim, yet too many ages of children and too few of the old, whom a network takes for younger than
they are. So the cumulative distribution F of a face is mapped by a function that depends on the
candidate age y, in the units z of a normal distribution:

.. math:: G(y) = \Phi\left(q\,\frac{2 z(y) - l(y) - h(y)}{h(y) - l(y)}\right), \quad
          z(y) = \Phi^{-1}(F(y)), \quad q = \Phi^{-1}(0.9)

Where l and h are the 10 % and the 90 % quantile of z at the true age, over faces of about that age,
the central 80 % of G hold 80 % of the ages around y, whatever y is. This is the calibrated
regression of Kuleshov, Fenner and Ermon (ICML 2018) with the conditioning on the label of Vovk's
Mondrian conformal predictors (2003). l and h are linear between knots.

Here distributions are mapped; `evaluation/calibrate.py` finds l and h.

Letters: B batch, A ages of the grid, E = A + 1 edges of its bins.
"""

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, ndtri

from sadal_core.ages import OLDEST
from sadal_core.errors import ConfigError

NORMAL_90 = float(ndtri(0.9))  # q: between -q and q lie 80 % of a normal distribution
EDGES = np.arange(OLDEST + 2) - 0.5
_LEAST = 1e-12  # probability; beyond it z would be infinite


@dataclass(frozen=True)
class Calibration:
    """The curves l and h.

    Attributes:
        knots: ages in years, rising.
        low: l at the knots, in standard deviations.
        high: h at the knots, above l.
    """

    knots: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse curves that map no distribution to a distribution.

        Raises:
            ConfigError: not one value per knot, knots that do not rise, or l not below h.
        """
        if not len(self.knots) == len(self.low) == len(self.high) > 0:
            raise ConfigError("A calibration needs one low and one high value per knot.")
        rising = all(a < b for a, b in pairwise(self.knots))
        if not rising or not all(a < b for a, b in zip(self.low, self.high, strict=True)):
            raise ConfigError("A calibration needs rising knots and low values below the high.")

    @classmethod
    def restored(cls, stored: Any) -> "Calibration":
        """The calibration in an entry of a manifest, which may say more.

        Raises:
            ConfigError: see `__post_init__`; or a curve is missing or holds no numbers.
        """
        try:
            curves = {
                field.name: tuple(float(value) for value in stored[field.name])
                for field in fields(cls)
            }
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError("A calibration needs lists of knots, low and high.") from error
        return cls(**curves)

    def __call__(
        self, probabilities: Float[np.ndarray, "batch ages"]
    ) -> Float[np.ndarray, "batch ages"]:
        """Calibrated distributions, each summing to 1."""
        low, high = (np.interp(EDGES, self.knots, curve) for curve in (self.low, self.high))
        normal = standard_normal(probabilities)
        mapped = ndtr(NORMAL_90 * (2 * normal - low - high) / (high - low))
        # Curves that fall steeply could make it fall where a distribution has no mass.
        rising = np.maximum.accumulate(mapped, axis=1)
        masses = np.diff(rising, axis=1)
        return masses / masses.sum(axis=1, keepdims=True)


def standard_normal(
    probabilities: Float[np.ndarray, "batch ages"],
) -> Float[np.ndarray, "batch edges"]:
    """The letter z, at the edges of the bins: the cumulative distribution in deviations."""
    cumulative = np.cumsum(probabilities, axis=1, dtype=np.float64)
    cumulative /= cumulative[:, -1:]
    padded = np.pad(cumulative, ((0, 0), (1, 0)))  # nothing lies below the first bin
    return ndtri(np.clip(padded, _LEAST, 1 - _LEAST))
