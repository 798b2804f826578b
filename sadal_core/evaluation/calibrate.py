r"""Finding a calibration on faces of known age, and measuring it on faces it was not found on.

The curves of `Calibration` are quantiles of z that vary with the true age. They are the minimum of
the pinball loss (Koenker and Bassett, "Regression Quantiles", 1978), plus a price on steps between
neighbouring knots, so that a decade with few faces leans on its neighbours:

.. math:: \sum_i \rho_\alpha(z_i - l(y_i)) + \lambda \sum_k (l_{k+1} - l_k)^2

Letters: N faces, K knots.
"""

from dataclasses import asdict
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import minimize
from scipy.special import expit

from sadal_core.ages import OLDEST
from sadal_core.calibration import NORMAL_90, Calibration, standard_normal
from sadal_core.evaluation.metrics import Predictions, bands, coverage
from sadal_core.evaluation.predict import estimates
from sadal_core.model import AgeModel

FOLDS = 5
KNOTS: Final = tuple(range(0, 85, 5))  # the young change too fast for steps of ten years
_STEP_PRICE = 5.0  # lambda: a step of one deviation costs as much as five faces at that distance
_ROUNDED = 0.05  # standard deviations over which the kink of the loss is rounded
_NARROWEST = 0.3  # h - l is at least this, so that no distribution shrinks to a point
_FARTHEST = 6.0  # standard deviations
_SEED = 0


def calibrate(
    model: AgeModel,
    logits: Float[np.ndarray, "faces ages"],
    true: Float[np.ndarray, " faces"],
    units: Int[np.ndarray, " faces"],
    names: np.ndarray,
) -> tuple[Predictions, dict[str, Any]]:
    """Give `model` a calibration found on all faces, and measure it on faces it was not found on.

    Args:
        model: its temperature becomes 1.
        logits: see `AgeModel.logits`.
        true: ages in years.
        units: duplicate group or subject of each face.
        names: data set of each face.

    Returns:
        Cross-fitted estimates, and the entry "calibration" of a manifest: the curves, and as
        "coverage" what 80 % intervals hold, in all ("all") and per data set.
    """
    model.temperature, model.calibration = 1.0, None
    ages, plain = model.distributions(torch.from_numpy(logits))
    model.calibration = fitted_calibration(plain, true)
    crossed = estimates(ages, cross_calibrated(plain, true, units), true)
    kept = estimates(ages, model.calibration(plain), true)
    parts = {"all": np.full(len(true), True)} | {n: names == n for n in np.unique(names).tolist()}
    coverages = [
        coverage_record(name, crossed.select(mask), kept.select(mask))
        for name, mask in parts.items()
    ]
    return crossed, asdict(model.calibration) | {"folds": FOLDS, "coverage": coverages}


def fitted_calibration(
    probabilities: Float[np.ndarray, "faces ages"], true: Float[np.ndarray, " faces"]
) -> Calibration:
    """Calibration with which 80 % intervals hold 80 % of the ages in every decade.

    Args:
        probabilities: distributions over `ages.GRID` before any calibration.
        true: ages in years; without any, distributions are left as they are.
    """
    normal = standard_normal(probabilities)
    year = np.clip(np.floor(true + 0.5), 0, OLDEST).astype(int)
    rows = np.arange(len(true))
    weights = _shares(year.astype(float))
    # An interval holds an age when it touches its bin: the low end may lie at the upper edge.
    low = _quantile_curve(normal[rows, year + 1], weights, level=0.1)
    high = _quantile_curve(normal[rows, year], weights, level=0.9)
    high = np.maximum(high, low + _NARROWEST)
    return Calibration(tuple(map(float, KNOTS)), tuple(low.tolist()), tuple(high.tolist()))


def cross_calibrated(
    probabilities: Float[np.ndarray, "faces ages"],
    true: Float[np.ndarray, " faces"],
    units: Int[np.ndarray, " faces"],
) -> Float[np.ndarray, "faces ages"]:
    """Distributions, each calibrated on the faces of the other four fifths of the units.

    Args:
        probabilities: as in `fitted_calibration`.
        true: ages in years.
        units: duplicate group or subject of each face; a unit is in one fifth.
    """
    _, index = np.unique(units, return_inverse=True)
    index = index.reshape(-1)
    count = int(index.max(initial=-1)) + 1
    fold = (np.random.default_rng(_SEED).permutation(count) % FOLDS)[index]
    made = np.empty_like(probabilities)
    for number in range(FOLDS):
        left_out = fold == number
        calibration = fitted_calibration(probabilities[~left_out], true[~left_out])
        made[left_out] = calibration(probabilities[left_out])
    return made


def coverage_record(name: str, cross_fitted: Predictions, in_sample: Predictions) -> dict[str, Any]:
    """What 80 % intervals hold, in all and per decade of true age.

    Args:
        name: of the faces.
        cross_fitted: intervals from calibrations that did not see the face.
        in_sample: intervals of the same faces from the calibration that the model keeps.
    """
    nobody = np.empty(0)
    rows = zip(bands(cross_fitted, nobody), bands(in_sample, nobody), strict=True)
    return {
        "dataset": name,
        "n": len(cross_fitted.true),
        "cross_fitted": coverage(cross_fitted),
        "in_sample": coverage(in_sample),
        "bands": [
            {key: ours[key] for key in ("low", "high", "n")}
            | {"cross_fitted": ours["coverage"], "in_sample": theirs["coverage"]}
            for ours, theirs in rows
        ],
    }


def _shares(ages: Float[np.ndarray, " faces"]) -> Float[np.ndarray, "faces knots"]:
    """Weights with which values at the knots make the values at `ages`."""
    return np.stack([np.interp(ages, KNOTS, one) for one in np.eye(len(KNOTS))], axis=1)


def _quantile_curve(
    values: Float[np.ndarray, " faces"],
    weights: Float[np.ndarray, "faces knots"],
    *,
    level: float,
) -> Float[np.ndarray, " knots"]:
    """Quantile of `values` at each knot."""

    def loss(curve: np.ndarray) -> tuple[float, np.ndarray]:
        above = values - weights @ curve
        pinball = level * above + _ROUNDED * np.logaddexp(0, -above / _ROUNDED)
        steps = np.diff(curve)
        slope = 2 * _STEP_PRICE * (np.pad(steps, (1, 0)) - np.pad(steps, (0, 1)))
        gradient = weights.T @ (expit(-above / _ROUNDED) - level) + slope
        return float(pinball.sum() + _STEP_PRICE * (steps**2).sum()), gradient

    unchanged = -NORMAL_90 if level < 0.5 else NORMAL_90
    start = np.full(len(KNOTS), unchanged)
    limits = [(-_FARTHEST, _FARTHEST)] * len(KNOTS)
    return minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits).x
