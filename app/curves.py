"""Q and what it demands, and the distances that a model has learned, as arrays over age gaps."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

LARGEST_GAP = 80  # of the axis, in years
FARTHEST = 4.0  # as `losses.FARTHEST`, which cannot be had without torch
_PER_YEAR = 4  # points of a curve; kinks are at multiples of half a year


@dataclass(frozen=True)
class QCurves:
    """One similarity Q over age gaps in years, beside the other variants.

    Attributes:
        gaps: 0 to `LARGEST_GAP`, finely.
        chosen: name of the variant that is looked at.
        q: Q of every variant that these parameters allow, by name.
        demanded: squared distance at which the hinge of the chosen one is met; infinite at Q = 0.
        at_kink: the chosen Q at the gap L.
        jump: by how much it rises there; 0 where it is continuous.
        slopes: just below and just above L, per year.
        crossing: gap from which on the chosen Q is at least 1, in years; None if it never is.
        infeasible_from: smallest whole gap, from 1 on, whose demand no unit vectors meet.
        continuous_C: the C that joins the branches of the slides' Q.
    """

    gaps: np.ndarray
    chosen: str
    q: dict[str, np.ndarray]
    demanded: np.ndarray
    at_kink: float
    jump: float
    slopes: tuple[float, float]
    crossing: float | None
    infeasible_from: int | None
    continuous_C: float


@dataclass(frozen=True)
class QSettings:
    """What the view starts with: how the model was trained.

    Attributes:
        variant: name of Q.
        L: gap of the kink, in years.
        eps: curvature, in years.
        C: of the slides' Q; None is the one that joins the branches.
        q_on: "margin" or "distance".
        tau: margin, a squared distance.
    """

    variant: str = "slide"
    L: float = 5.0
    eps: float = 1.0
    C: float | None = None
    q_on: str = "margin"
    tau: float = 0.17

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "QSettings":
        """Those of the model's metric stage; the defaults where it had none."""
        config = manifest.get("config", {})
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in config.items() if name in known})


@dataclass(frozen=True)
class Learned:
    """Squared distance in a metric by age gap, over pairs of held-out faces.

    Attributes:
        gaps: in whole years.
        mean: of the squared distance.
        deviation: its standard deviation.
        pairs: how many pairs have the gap.
    """

    gaps: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    pairs: np.ndarray

    def scaled(self, factor: float) -> "Learned":
        """The same with all distances multiplied."""
        return Learned(self.gaps, factor * self.mean, factor * self.deviation, self.pairs)

    def overall(self) -> float:
        """Mean squared distance over all pairs."""
        return float(np.nansum(self.mean * self.pairs) / self.pairs.sum())


def q_curves(
    variant: str,
    *,
    L: float,
    eps: float,
    C: float | None,
    tau: float,
    q_on: str,  # noqa: N803
) -> QCurves:
    """The curves of one choice of parameters.

    Raises:
        ConfigError: says which parameter is impossible, and why.
    """
    from sadal_core.similarity import SIMILARITIES, Similarity  # imports torch

    chosen = Similarity(variant, L, eps, C if variant == "slide" else None)
    gaps = np.linspace(0, LARGEST_GAP, _PER_YEAR * LARGEST_GAP + 1)
    others = {name: _possible(name, L, eps) for name in SIMILARITIES if name != variant}
    q = {variant: chosen(gaps)} | {n: other(gaps) for n, other in others.items() if other}
    whole = np.arange(1.0, LARGEST_GAP + 1)
    too_much = chosen.demanded_distance(whole, tau=tau, q_on=q_on) > FARTHEST
    reached = q[variant] >= 1
    below, at, above = chosen(np.array([L - 1e-3, L, L + 1e-3]))
    after = chosen(L + 2e-3)
    slopes = (float((at - below) / 1e-3), float((after - above) / 1e-3))
    return QCurves(
        gaps,
        variant,
        q,
        chosen.demanded_distance(gaps, tau=tau, q_on=q_on),
        float(at),
        float(above - at - 1e-3 * slopes[1]),
        slopes,
        float(gaps[reached.argmax()]) if reached.any() else None,
        int(whole[too_much.argmax()]) if too_much.any() else None,
        chosen.continuous_C,
    )


def _possible(name: str, L: float, eps: float) -> Any:  # noqa: N803
    """The variant with these parameters, or None where they make no Q."""
    from sadal_core.errors import ConfigError
    from sadal_core.similarity import Similarity

    try:
        return Similarity(name, L, eps)
    except ConfigError:
        return None


def learned(manifest: Mapping[str, Any], space: str) -> Learned | None:
    """What the model of `manifest` has measured of a space: "sadal" or "warm_start"."""
    stored = manifest.get("metric_space", {}).get(space, {}).get("gap_curve")
    if stored is None:
        return None
    gaps, pairs = np.array(stored["gaps"]), np.array(stored["pairs"])
    shown = (gaps <= LARGEST_GAP) & (pairs > 1)
    mean, deviation = (np.array(stored[name], float)[shown] for name in ("mean", "deviation"))
    return Learned(gaps[shown], mean, deviation, pairs[shown])
