"""The ordinal hyperplanes ranker with cost sensitivities."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from sadal_core.ages import GRID, OLDEST
from sadal_core.errors import ConfigError
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training
from sadal_core.rankers.solver import minimised

_STEEPEST = 100.0  # of the slope that turns decisions into probabilities


class OHRanker(AgeRegressor):
    r"""One hyperplane per age k asks "older than k?"; a mistake costs the years it is off.

    .. math:: \min \tfrac12 |w_k|^2 + \frac{C}{N} \sum_i c_k(y_i)
        \max(0, 1 - s_{ik} (w_k e_i + b_k))^2, \qquad \hat y = \min_i y_i + \sum_k [w_k e + b_k > 0]

    with :math:`s_{ik} = 1` where :math:`y_i > k` and -1 elsewhere, and the cost
    :math:`c_k(y) = |y - k - 1/2| + 1/2`: at least 1 year, since k and k + 1 differ by one, so
    that nobody next to a hyperplane counts for nothing. Ages below the youngest and from the
    oldest training age on have no hyperplane: nobody is on their other side. Where a power is
    given, the costs are `bounding_costs`.

    Departs: the paper uses a kernel, the plain hinge and the absolute cost |y - k|, with which
    nobody of age k counts; here the squared hinge on the embedding itself, that cost raised to at
    least 1 year, and C divided by N so that it means the same for any number of faces.

    Reference: Chang, Chen and Hung, "Ordinal Hyperplanes Ranker with Cost Sensitivities for Age
    Estimation", CVPR 2011.

    Attributes:
        coef_: W, one row per threshold.
        intercept_: b.
        thresholds_: the ages k in whole years.
        slope_: a of P(age > k) = sigmoid(a (w_k e + b_k)).
    """

    def __init__(
        self,
        C: float = 100.0,  # noqa: N803
        iterations: int = 200,
        power: float | None = None,
    ) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            C: weight of the costs against the size of W, above 0.
            iterations: of L-BFGS, at most.
            power: of `bounding_costs`, which are used where one is given.
        """
        self.C = C
        self.iterations = iterations
        self.power = power

    def fit(self, X: np.ndarray, y: np.ndarray) -> "OHRanker":  # noqa: N803
        """Learn from embeddings (N, D) and ages in years, taken in whole years.

        All hyperplanes are found at once: the sum of their problems has the same solution.

        Raises:
            DataError: see `checks.checked_training`.
            ConfigError: C is not above 0, or the power is below 1.
        """
        if not self.C > 0:
            raise ConfigError(f"C must be above 0, got {self.C}.")
        embeddings, ages = checked_training(self, X, y)
        years = np.clip(np.floor(ages + 0.5), 0, OLDEST)
        self.thresholds_ = np.arange(years.min(), years.max())
        older = years[:, None] > self.thresholds_  # N1, K -> NK
        x = torch.from_numpy(embeddings)
        signs = torch.from_numpy(np.where(older, 1.0, -1.0))
        costs = torch.from_numpy(_costs(years[:, None] - self.thresholds_, self.power))
        weight = self.C / len(years)

        def loss(normals: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
            hinge = torch.relu(1 - signs * (x @ normals.T + offsets)).square()
            return 0.5 * normals.square().sum() + weight * (costs * hinge).sum()

        count = len(self.thresholds_)
        shapes = (count, x.shape[1]), (count,)
        self.coef_, self.intercept_ = minimised(loss, shapes, iterations=self.iterations)
        self.slope_ = _slope(self.decision_function(embeddings), older)
        return self

    def decision_function(self, X: np.ndarray) -> Float[np.ndarray, "samples thresholds"]:  # noqa: N803
        """Signed decisions of all hyperplanes, above 0 for "older"."""
        check_is_fitted(self, "coef_")
        return checked(self, X) @ self.coef_.T + self.intercept_

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Age in whole years by the paper's rule: how many hyperplanes say "older"."""
        older = (self.decision_function(X) > 0).sum(axis=1)
        return self.thresholds_[0] + older

    def predict_proba(self, X: np.ndarray) -> Float[np.ndarray, "samples ages"]:  # noqa: N803
        """Distribution over `ages.GRID`: the differences of P(age > k), made to fall with k."""
        decisions = self.decision_function(X)
        above = np.minimum.accumulate(expit(self.slope_ * decisions), axis=1)
        first = int(self.thresholds_[0])
        reached = np.column_stack([np.ones(len(above)), above, np.zeros(len(above))])
        probabilities = np.zeros((len(above), len(GRID)))
        probabilities[:, first : first + reached.shape[1] - 1] = -np.diff(reached, axis=1)
        return probabilities

    def inconsistency(self, X: np.ndarray) -> float:  # noqa: N803
        """Share of embeddings for which some "older than k" follows a "not older" of a lower k."""
        older = self.decision_function(X) > 0
        return float((np.diff(older.astype(int), axis=1) > 0).any(axis=1).mean())


def bounding_costs(
    offsets: Float[np.ndarray, "samples thresholds"], power: float
) -> Float[np.ndarray, "samples thresholds"]:
    r"""Costs of the mistakes of single hyperplanes that together bound the cost of the rank.

    .. math:: c_k(y) = \big| |y - k|^p - |y - k - 1|^p \big|, \qquad
        |y - \hat y|^p \le \sum_{k\ \mathrm{wrong}} c_k(y)

    A mistake costs what the step from k to k + 1 costs; the bound needs a convex cost, and so a
    p of at least 1.

    Args:
        offsets: y - k in whole years.
        power: p.

    Raises:
        ConfigError: the power is below 1.

    Reference: Lin and Li, "Reduction from Cost-Sensitive Ordinal Ranking to Weighted Binary
    Classification", Neural Computation 2012; Chang and Chen, "A Learning Framework for Age Rank
    Estimation Based on Face Images With Scattering Transform", TIP 2015, ask ages for such a bound.
    """
    if not power >= 1:
        raise ConfigError(f"power must be at least 1, got {power}.")
    return np.abs(np.abs(offsets) ** power - np.abs(offsets - 1) ** power)


def _costs(
    offsets: Float[np.ndarray, "samples thresholds"], power: float | None
) -> Float[np.ndarray, "samples thresholds"]:
    if power is None:
        return np.abs(offsets - 0.5) + 0.5
    return bounding_costs(offsets, power)


def _slope(
    decisions: Float[np.ndarray, "samples thresholds"],
    older: Bool[np.ndarray, "samples thresholds"],
) -> float:
    """The a at which sigmoid(a decision) has the smallest log loss."""
    margins = np.where(older, decisions, -decisions)

    def log_loss(slope: float) -> float:
        return float(np.logaddexp(0, -slope * margins).mean())

    found: Any = minimize_scalar(log_loss, bounds=(0, _STEEPEST), method="bounded")
    return float(found.x)
