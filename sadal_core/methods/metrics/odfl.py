"""ODFL: a linear embedding that keeps the order of age gaps, and OHRanker on it."""

from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sadal_core.methods.metrics.learning import (
    EPOCHS,
    LEARNING_RATE,
    Embedded,
    Population,
    Schedule,
    learned,
)
from sadal_core.methods.metrics.ordinal import cost_loss, order_loss, pairs_of
from sadal_core.methods.metrics.readout import embedding, exact, hyperplanes
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training
from sadal_core.settings import check_ranges

_RANGES: Final = {"margin": (1e-6, 4), "tau": (1e-6, 4), "width": (1e-3, 1e3)}


class ODFL(AgeRegressor):
    r"""Ordinal features, :math:`J = J_{order} + J_{cost}`, then ordinal hyperplanes.

    The terms are `ordinal.order_loss` and `ordinal.cost_loss`, on embeddings of unit length.

    Departs: the features below the linear embedding stay as they are, the terms are made after
    the paper's two criteria, and pairs are drawn in SADAL's quadruplets.

    Reference: Liu et al., "Ordinal Deep Feature Learning for Facial Age Estimation", FG 2017.

    Attributes:
        metric_: the embedding.
        ranker_: the OHRanker on it.
    """

    def __init__(
        self,
        margin: float = 0.1,
        tau: float = 0.5,
        width: float = 5.0,
        epochs: int = EPOCHS,
        batch_size: int = 64,
        learning_rate: float = LEARNING_RATE,
        random_state: int = 0,
    ) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            margin: of the order, a squared distance above 0.
            tau: squared distance above 0 from which on pairs of different ages are left alone.
            width: gap in years at which pairs begin to count as of different ages, above 0.
            epochs: how often every sample is an anchor.
            batch_size: quadruplets per step, at most.
            learning_rate: of Adam.
            random_state: seed of the first weights and of the quadruplets.
        """
        self.margin = margin
        self.tau = tau
        self.width = width
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray) -> "ODFL":  # noqa: N803
        """Learn from features (N, F) and ages in years.

        Raises:
            DataError: see `checks.checked_training`; or no quadruplet can be made.
            ConfigError: a setting is out of its range.
        """
        check_ranges(self, _RANGES)
        schedule = Schedule(self.epochs, self.batch_size, self.learning_rate)
        x, ages = checked_training(self, X, y)
        everybody = Population(torch.from_numpy(x).float(), ages)
        (metric,) = learned([everybody], self._loss, schedule, seed=self.random_state)
        self.metric_ = exact(metric)
        self.ranker_ = hyperplanes().fit(embedding(self.metric_, x), ages)
        return self

    def _loss(self, batches: list[Embedded]) -> Float[Tensor, ""]:
        d, gaps = pairs_of(*batches[0])
        return order_loss(d, gaps, margin=self.margin) + cost_loss(
            d, gaps, tau=self.tau, width=self.width
        )

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Age in whole years by OHRanker's rule."""
        check_is_fitted(self)
        return self.ranker_.predict(embedding(self.metric_, checked(self, X)))

    def predict_proba(self, X: np.ndarray) -> Float[np.ndarray, "samples ages"]:  # noqa: N803
        """Distribution over `ages.GRID`; see `OHRanker`."""
        check_is_fitted(self)
        return self.ranker_.predict_proba(embedding(self.metric_, checked(self, X)))
