"""LSDML and M-LSDML: linear embeddings isotonic to the age gap, and OHRanker on them."""

from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from sklearn.utils.validation import check_consistent_length, check_is_fitted
from torch import Tensor

from sadal_core.errors import DataError
from sadal_core.methods.metrics.label_sensitive import centroid_alignment, label_sensitive
from sadal_core.methods.metrics.learning import (
    EPOCHS,
    LEARNING_RATE,
    Embedded,
    Population,
    Schedule,
    learned,
)
from sadal_core.methods.metrics.readout import embedding, exact, hyperplanes
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training
from sadal_core.settings import check_ranges

_RANGES: Final = {"margin": (1e-6, 4), "alignment": (0, 1e6)}


class LSDML(AgeRegressor):
    r"""Label-sensitive metric of one or several populations, then ordinal hyperplanes.

    .. math:: J = \sum_p \frac{1}{|B_p|} \sum_{(i,j) \in B_p} J_{ij} + \lambda A

    with the terms `label_sensitive.label_sensitive`, whose negatives are mined in the batch, and
    `label_sensitive.centroid_alignment`, on embeddings of unit length. Each population has a
    linear map of its own; with a single one this is LSDML, and A is 0.

    Departs: the features below the linear maps stay as they are, the terms are made after the
    paper's criteria, and the hyperplanes are learned from population 0 alone, the one measured.

    Reference: Liu et al., "Label-Sensitive Deep Metric Learning for Facial Age Estimation",
    T-IFS 2018.

    Attributes:
        metric_: the embedding of population 0.
        ranker_: the OHRanker on it.
    """

    def __init__(
        self,
        margin: float = 2.0,
        alignment: float = 1.0,
        epochs: int = EPOCHS,
        batch_size: int = 64,
        learning_rate: float = LEARNING_RATE,
        random_state: int = 0,
    ) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            margin: squared distance above 0 demanded at a gap of 120 years; at most 4, the
                largest there is.
            alignment: lambda, at least 0.
            epochs: how often every sample of population 0 is an anchor.
            batch_size: quadruplets of each population per step, at most.
            learning_rate: of Adam.
            random_state: seed of the first weights and of the quadruplets.
        """
        self.margin = margin
        self.alignment = alignment
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(
        self,
        X: np.ndarray,  # noqa: N803
        y: np.ndarray,
        groups: np.ndarray | None = None,
    ) -> "LSDML":
        """Learn from features (N, F) and ages in years.

        Args:
            X: features.
            y: ages in years.
            groups: whole numbers (N,), the population of each sample; `predict` reads samples as
                of population 0. All are of it by default.

        Raises:
            DataError: see `checks.checked_training`; or nobody is of population 0; or no
                quadruplet can be made of one of the populations.
            ConfigError: a setting is out of its range.
        """
        check_ranges(self, _RANGES)
        schedule = Schedule(self.epochs, self.batch_size, self.learning_rate)
        x, ages = checked_training(self, X, y)
        groups = np.zeros(len(x), int) if groups is None else np.asarray(groups)
        populations = _populations(x, ages, groups)
        metrics = learned(populations, self._loss, schedule, seed=self.random_state)
        self.metric_ = exact(metrics[0])
        own = groups == 0
        self.ranker_ = hyperplanes().fit(embedding(self.metric_, x[own]), ages[own])
        return self

    def _loss(self, batches: list[Embedded]) -> Float[Tensor, ""]:
        total = torch.stack([_isotonic(batch, self.margin) for batch in batches]).sum()
        if len(batches) == 1:
            return total
        flat = [(torch.cat(batch.embeddings), batch.ages.flatten()) for batch in batches]
        return total + self.alignment * centroid_alignment(flat)

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Age in whole years by OHRanker's rule; samples are taken to be of population 0."""
        check_is_fitted(self)
        return self.ranker_.predict(embedding(self.metric_, checked(self, X)))

    def predict_proba(self, X: np.ndarray) -> Float[np.ndarray, "samples ages"]:  # noqa: N803
        """Distribution over `ages.GRID`; see `OHRanker`. Samples are taken as in `predict`."""
        check_is_fitted(self)
        return self.ranker_.predict_proba(embedding(self.metric_, checked(self, X)))


def _isotonic(batch: Embedded, margin: float) -> Float[Tensor, ""]:
    anchor, positive, *_ = batch.embeddings
    everybody, ages = torch.cat(batch.embeddings), batch.ages
    pairs = label_sensitive((anchor, positive), ages[0], everybody, ages.flatten(), margin=margin)
    return pairs.mean()


def _populations(x: np.ndarray, ages: np.ndarray, groups: np.ndarray) -> list[Population]:
    check_consistent_length(x, groups)
    present = np.unique(groups)
    if present[0] != 0:
        raise DataError(
            f"The populations are numbered from {present[0]}, and the one that is measured is 0. "
            "Number it so, and the others from 1 on."
        )
    features = torch.from_numpy(x).float()
    return [Population(features[groups == one], ages[groups == one]) for one in present]
