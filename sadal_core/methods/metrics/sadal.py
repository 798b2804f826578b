"""SADAL and its controls as one estimator: the metric stage, and a ranker on it."""

from dataclasses import replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from sklearn.utils.validation import check_is_fitted

from sadal_core.ages import OLDEST_LABEL
from sadal_core.features import FeatureSet
from sadal_core.losses import FARTHEST
from sadal_core.methods.metrics.learning import EPOCHS, LEARNING_RATE, fitting_batch
from sadal_core.methods.metrics.readout import READOUTS, embedding, exact
from sadal_core.metric import MetricModel
from sadal_core.objective import Objective
from sadal_core.quadruplets import QuadrupletSampler
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training
from sadal_core.settings import check_choice
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.sources import StoredFeatures
from sadal_core.training.metric.start import start_run

# f learns in as many epochs in every form; the generator alone has one between.
_SCHEDULE: Final = MetricConfig(
    metric_epochs=3,
    generator_epochs=1,
    alternating_epochs=EPOCHS - 3,
    batch_size=128,
    learning_rate=LEARNING_RATE,
)
FORMS: Final[dict[str, MetricConfig]] = {
    "real": replace(_SCHEDULE, generator="none", generator_epochs=0),
    "midpoint": replace(_SCHEDULE, generator="midpoint", generator_epochs=0),
    "sadal": _SCHEDULE,
    "printed": replace(
        _SCHEDULE, q_on="distance", age_window=5, real=0.0, synthetic=1.0, positive=1.0
    ),
}


class SADAL(AgeRegressor):
    """The metric stage from fresh weights, on the features as they are, then a ranker.

    Q, the terms and the steps are the project's: `similarity`, `losses`, `training.metric`.

    Departs: a batch holds a quarter of the possible anchors at most, so that small training sets
    have several steps in an epoch; and negatives stay within the gaps at which the margin can be
    met by embeddings of unit length.

    Reference: Sun, Liu, Wang, Yu and Wu, "Similarity-Aware Deep Adversarial Learning for Facial
    Age Estimation", ICME 2019.

    Attributes:
        metric_: the embedding, without the generator.
        ranker_: the ranker on it.
    """

    def __init__(
        self,
        form: str = "sadal",
        tau: float = 0.17,
        readout: str = "distribution",
        random_state: int = 0,
    ) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            form: name in `FORMS`.
            tau: margin, a squared distance above 0.
            readout: name in `readout.READOUTS`, the ranker.
            random_state: seed of the first weights and of the quadruplets.
        """
        self.form = form
        self.tau = tau
        self.readout = readout
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray) -> "SADAL":  # noqa: N803
        """Learn from features (N, F) and ages in years.

        Raises:
            DataError: see `checks.checked_training`; or no quadruplet can be made.
            ConfigError: an unknown form or readout, or a margin that cannot be met at any gap.
        """
        check_choice("form", self.form, FORMS)
        check_choice("readout", self.readout, READOUTS)
        config = replace(FORMS[self.form], tau=self.tau, seed=self.random_state)
        x, ages = checked_training(self, X, y)
        self.metric_ = exact(_learned(x, ages, config))
        self.ranker_ = READOUTS[self.readout]().fit(embedding(self.metric_, x), ages)
        return self

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Age in years by the ranker's rule: the expectation, or OHRanker's."""
        check_is_fitted(self)
        return self.ranker_.predict(embedding(self.metric_, checked(self, X)))

    def predict_proba(self, X: np.ndarray) -> Float[np.ndarray, "samples ages"]:  # noqa: N803
        """Distribution over `ages.GRID`; see `ExpectationRanker` and `OHRanker`."""
        check_is_fitted(self)
        return self.ranker_.predict_proba(embedding(self.metric_, checked(self, X)))


def met_window(objective: Objective, age_window: int | None) -> int:
    """Largest gap of a negative in years, `age_window` or less, up to which the margin can be met.

    Raises:
        ConfigError: it cannot be met at a gap of 1 year.
    """
    objective.check_feasible(1)
    gaps = np.arange(1.0, 1 + min(age_window or OLDEST_LABEL, OLDEST_LABEL))
    demanded = objective.similarity.demanded_distance(gaps, tau=objective.tau, q_on=objective.q_on)
    beyond = np.flatnonzero(demanded > FARTHEST)
    return int(beyond[0]) if len(beyond) else len(gaps)


def _learned(x: np.ndarray, ages: np.ndarray, config: MetricConfig) -> MetricModel:
    window = met_window(config.objective, config.age_window)
    sampler = QuadrupletSampler(ages, age_window=window, seed=config.seed)
    config = replace(
        config, age_window=window, batch_size=fitting_batch(config.batch_size, sampler)
    )
    features = torch.from_numpy(x).float()[:, None]  # NF -> N1F, a single view
    run = start_run(StoredFeatures(FeatureSet(features, ages, np.arange(len(ages)))), config)
    while not run.finished:
        run.advance()
    model = run.players.model
    model.generator = None
    return model
