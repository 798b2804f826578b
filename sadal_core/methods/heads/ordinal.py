"""The age as a rank: the number of binary outputs that say "older".

Letters: N samples, K ranks (the ages that occur), K - 1 tasks.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from sadal_core.ages import GRID, OLDEST
from sadal_core.methods.heads.linear import fitted_linear
from sadal_core.methods.heads.tasks import TASKS, Answers, binary_loss
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training
from sadal_core.settings import check_choice, check_ranges


def distributions(
    above: Float[np.ndarray, "samples tasks"], ages: Float[np.ndarray, " ranks"]
) -> Float[np.ndarray, "samples grid"]:
    """Distributions over `ages.GRID` from P(rank > k), made to fall with k where it does not.

    Args:
        above: P(rank > k).
        ages: of the ranks, in whole years of the grid.
    """
    falling = np.minimum.accumulate(above, axis=1)
    reached = np.column_stack([np.ones(len(above)), falling, np.zeros(len(above))])
    made = np.zeros((len(above), len(GRID)))
    made[:, ages.astype(int)] = -np.diff(reached, axis=1)
    return made


class OrdinalHead(AgeRegressor):
    r"""K - 1 binary outputs on standardised features; the age is how many say "older".

    .. math:: o_k = \sigma(w_k x + b_k), \qquad \hat y = r_q, \qquad
        q = 1 + \sum_k [P(r > k) > \tfrac12]

    with r_1, ..., r_K the ages that occur among the training samples, so that every task has
    samples on both sides. `binary_loss` is made small with the weights of one of `TASKS`, plus
    lambda |W|^2.

    References: "or_cnn": Niu et al., "Ordinal Regression with Multiple Output CNN for Age
    Estimation", CVPR 2016. "coral": Cao, Mirjalili and Raschka, "Rank Consistent Ordinal
    Regression for Neural Networks with Application to Age Estimation", Pattern Recognition
    Letters 2020. "corn": see `tasks.corn_weights`.

    Departs: the papers train a network; here W and b alone are learned, full batch, on features
    that stay as they are.

    Attributes:
        coef_: W for features as they come, (K - 1, D), or (1, D) where the tasks share it.
        intercept_: b, (K - 1,).
        ages_: r in whole years, (K,).
    """

    def __init__(self, tasks: str = "or_cnn", penalty: float = 1e-3, iterations: int = 50) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            tasks: name in `TASKS`.
            penalty: lambda, at least 0.
            iterations: of L-BFGS, at most.
        """
        self.tasks = tasks
        self.penalty = penalty
        self.iterations = iterations

    def fit(self, X: np.ndarray, y: np.ndarray) -> "OrdinalHead":  # noqa: N803
        """Learn from features (N, D) and ages in years, taken in whole years.

        Raises:
            DataError: see `checks.checked_training`.
            ConfigError: unknown tasks, or a penalty out of its range.
        """
        check_choice("tasks", self.tasks, TASKS)
        check_ranges(self, {"penalty": (0, 1e6)})
        x, ages = checked_training(self, X, y)
        years = np.clip(np.floor(ages + 0.5), 0, OLDEST)
        self.ages_, ranks = np.unique(years, return_inverse=True)
        count = len(self.ages_) - 1
        weights = torch.from_numpy(TASKS[self.tasks].weights(ranks))
        older = torch.from_numpy((ranks[:, None] > np.arange(count)).astype(np.float64))
        self.coef_, self.intercept_ = fitted_linear(
            lambda logits: binary_loss(logits, older, weights),
            x,
            normals=1 if TASKS[self.tasks].shared else count,
            offsets=count,
            penalty=self.penalty,
            iterations=self.iterations,
        )
        return self

    def probabilities_above(self, X: np.ndarray) -> Answers:  # noqa: N803
        """P(rank > k) of each sample, (N, K - 1)."""
        check_is_fitted(self)
        answers = expit(checked(self, X) @ self.coef_.T + self.intercept_)
        return TASKS[self.tasks].above(answers)

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Age in whole years by the papers' rule: the rank that counts the answers "older"."""
        older = self._older(X).sum(axis=1)  # first: it knows whether there was a fit
        return self.ages_[older]

    def predict_proba(self, X: np.ndarray) -> Float[np.ndarray, "samples ages"]:  # noqa: N803
        """Distribution over `ages.GRID` of each sample; see `distributions`."""
        return distributions(self.probabilities_above(X), self.ages_)

    def inconsistency(self, X: np.ndarray) -> float:  # noqa: N803
        """Share of samples for which some "older" follows a "not older" of a lower rank."""
        return float((np.diff(self._older(X).astype(int), axis=1) > 0).any(axis=1).mean())

    def _older(self, X: np.ndarray) -> Bool[np.ndarray, "samples tasks"]:  # noqa: N803
        return self.probabilities_above(X) > 0.5
