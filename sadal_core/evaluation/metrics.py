"""Error of age estimates, in years: MAE, CS, bands, coverage, and how sure they are."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from sadal_core.ages import DECADES, decade_index
from sadal_core.errors import DataError

THRESHOLDS = tuple(range(11))


class Interval(NamedTuple):
    """Ends of a confidence interval, in the unit of what it is for."""

    low: float
    high: float


class Predictions(NamedTuple):
    """True ages, estimates and 80 % interval ends, in years, one entry per face."""

    true: Float[np.ndarray, " faces"]
    age: Float[np.ndarray, " faces"]
    low: Float[np.ndarray, " faces"]
    high: Float[np.ndarray, " faces"]

    def select(self, mask: np.ndarray) -> "Predictions":
        """The faces for which `mask` is true."""
        return Predictions(*(column[mask] for column in self))


def mae(true: Float[np.ndarray, " faces"], age: Float[np.ndarray, " faces"]) -> float:
    r"""Mean absolute error in years, :math:`\frac1N \sum_i |\hat y_i - y_i|`.

    Raises:
        DataError: there are no faces.
    """
    if len(true) == 0:
        raise DataError("There are no faces to measure the error on.")
    return float(np.abs(age - true).mean())


def cumulative_scores(
    true: Float[np.ndarray, " faces"], age: Float[np.ndarray, " faces"]
) -> list[float]:
    r"""CS(t) in percent for t = 0..10 years, the share of faces with an error of at most t.

    .. math:: CS(t) = \frac{100}{N} \, |\{i : |\hat y_i - y_i| \le t\}|

    Estimates are not rounded. Geng et al., "Automatic Age Estimation Based on Facial Aging
    Patterns", TPAMI 2007, eq. 11.
    """
    error = np.abs(age - true)
    return [float(100 * (error <= threshold).mean()) for threshold in THRESHOLDS]


def coverage(predictions: Predictions) -> float:
    """Share of faces whose true age lies inside its interval."""
    # An interval in years around a whole-number age: the label k means an age in [k, k + 1).
    # The distribution's bin k reaches from k - 1/2 to k + 1/2, so ends are rounded to bins.
    low, high = np.floor(predictions.low + 0.5), np.floor(predictions.high + 0.5)
    return float(((predictions.true >= low) & (predictions.true <= high)).mean())


def bootstrap_mae(
    predictions: Predictions, units: Int[np.ndarray, " faces"], *, seed: int, draws: int = 2000
) -> Interval:
    """95 % percentile interval of the MAE when whole units (subjects, groups) are drawn anew.

    Pictures of one person err alike, so that drawing single pictures would promise too much.

    Args:
        predictions: what was measured.
        units: number of the unit of each face.
        seed: of the draws.
        draws: how many.
    """
    return bootstrap_mean(np.abs(predictions.age - predictions.true), units, seed=seed, draws=draws)


def bootstrap_mean(
    values: Float[np.ndarray, " faces"],
    units: Int[np.ndarray, " faces"],
    *,
    seed: int,
    draws: int = 2000,
    weights: Float[np.ndarray, " faces"] | None = None,
) -> Interval:
    """95 % percentile interval of a mean over faces when whole units are drawn anew.

    Args:
        values: one per face.
        units: number of the unit of each face.
        seed: of the draws.
        draws: how many.
        weights: of the faces in the mean, above 0; all alike where none are given.
    """
    weights = np.ones(len(values)) if weights is None else weights
    index = np.unique(units, return_inverse=True)[1].reshape(-1)
    sums, faces = np.bincount(index, weights * values), np.bincount(index, weights)
    rng = np.random.default_rng(seed)
    picks = rng.multinomial(len(faces), np.full(len(faces), 1 / len(faces)), size=draws)
    low, high = np.percentile((picks @ sums) / (picks @ faces), [2.5, 97.5])
    return Interval(float(low), float(high))


def bands(predictions: Predictions, train_ages: np.ndarray) -> list[dict[str, float | int]]:
    """Per decade of true age: MAE, bias, coverage, and the faces measured and trained on."""
    trained = np.bincount(decade_index(train_ages), minlength=len(DECADES))
    member = decade_index(predictions.true)
    rows: list[dict[str, float | int]] = []
    for number, (low, high) in enumerate(DECADES):
        part = predictions.select(member == number)
        if len(part.true) == 0:
            continue
        rows.append({
            "low": low, "high": high, "n": len(part.true), "n_train": int(trained[number]),
            "mae": mae(part.true, part.age), "bias": float((part.age - part.true).mean()),
            "coverage": coverage(part),
        })  # fmt: skip
    return rows
