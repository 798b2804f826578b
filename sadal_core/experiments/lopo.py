"""Leave one person out: everything above the backbone is learned anew from the other persons.

With tuning its last stages are, too.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float
from joblib import Parallel, delayed
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sadal_core.ages import summaries
from sadal_core.data.crops import Crops
from sadal_core.data.splits import Split, leave_one_out
from sadal_core.errors import ConfigError, DataError
from sadal_core.evaluation.metrics import Predictions, mae
from sadal_core.evaluation.predict import COVERAGE
from sadal_core.evaluation.protocols import Measured, Progress
from sadal_core.experiments.tuning import Tuned
from sadal_core.features import FeatureSet, units
from sadal_core.model import AgeModel
from sadal_core.rankers import ExpectationRanker
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.finish import embedded, standardised
from sadal_core.training.metric.sources import StoredFeatures
from sadal_core.training.metric.start import start_run

# Rates of the whole metric stage, over fewer and smaller batches: set before any FG-NET result.
FOLD = MetricConfig(
    metric_epochs=10, generator_epochs=0, alternating_epochs=20, batch_size=128, age_window=None
)
_PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2)
_INNER_FOLDS = 3

Estimates = Float[np.ndarray, "3 faces"]  # age and ends of the 80 % interval, in years
Readout = Callable[[AgeModel, FeatureSet, FeatureSet], Estimates]


def ridge(model: AgeModel, train: FeatureSet, person: FeatureSet) -> Estimates:
    """Ridge regression on the standardised features and the model's own estimate.

    The penalty is chosen by leave-one-out inside the training part; the 80 % interval is the
    estimate -+ the 80 % quantile of those leave-one-out errors.
    """
    known, new = (
        np.column_stack([side.plain.numpy(), _own_ages(model, side)]) for side in (train, person)
    )
    regression = RidgeCV(np.logspace(0, 5, 21), store_cv_results=True)
    age = make_pipeline(StandardScaler(), regression).fit(known, train.ages).predict(new)
    best = int(np.argmin(regression.cv_results_.mean(axis=0)))
    spread = np.quantile(np.sqrt(regression.cv_results_[:, best]), COVERAGE)
    return np.stack([age, age - spread, age + spread])


def cross_entropy(model: AgeModel, train: FeatureSet, person: FeatureSet) -> Estimates:
    """The control: a distribution head on the standardised features, by cross-entropy alone."""
    known, new = standardised(train, person)
    return _distribution_readout(known, train, new)


def sadal(model: AgeModel, train: FeatureSet, person: FeatureSet) -> Estimates:
    """SADAL trained on the other persons, from the model's metric; the same head on its embedding.

    Raises:
        DataError: the model has no metric.
    """
    if model.metric is None:
        raise DataError("This model has no metric to go on from. Train the metric stage first.")
    start = copy.deepcopy(model.metric)
    config = replace(
        FOLD,
        generator=start.shape()["generator"],
        batch_size=min(FOLD.batch_size, max(1, len(train) // 4)),
    )
    run = start_run(StoredFeatures(train), config, model=start)
    while not run.finished:
        run.advance()
    return _distribution_readout(embedded(start, train), train, embedded(start, person))


def head(model: AgeModel, train: FeatureSet, person: FeatureSet) -> Estimates:
    """The head as it is, with nothing learned above the stages that were tuned together with it."""
    del train  # it has had its part in the tuning
    with torch.no_grad():
        logits = model.head(person.plain).double()
    return summaries(torch.softmax(logits, dim=1).numpy(), coverage=COVERAGE).T


READOUTS: Final[dict[str, Readout]] = {
    "sadal": sadal,
    "cross_entropy": cross_entropy,
    "ridge": ridge,
    "head": head,
}
_OF_TUNING = ("head",)  # what the others have learned reaches these by the tuning alone


def leave_one_person_out(
    model: AgeModel,
    crops: Crops,
    faces: FeatureSet,
    readout: str,
    progress: Progress,
    *,
    tuned: Sequence[Tuned] | None = None,
    workers: int = 2,
) -> Measured:
    """Each person measured with a readout learned from everybody else.

    Args:
        model: made the features.
        crops: say who is who.
        faces: features of the crops.
        readout: name in `READOUTS`.
        progress: told the folds done and the folds in all.
        tuned: what the backbone makes of all faces for each of `person_splits`, where it was tuned
            in every fold, too (`tuned_folds.tuned_folds`).
        workers: processes, each on one core.

    Raises:
        ConfigError: see `check_readout`.
        DataError: subjects are unknown, or there are fewer than two.
    """
    check_readout(readout, tuned=tuned is not None)
    splits = person_splits(crops)
    made = np.empty((3, len(crops.ages)))
    seen = [Tuned(faces, model.head)] * len(splits) if tuned is None else tuned
    jobs = (delayed(_fold)(readout, model, *fold) for fold in zip(seen, splits, strict=True))
    results: Any = Parallel(n_jobs=workers, return_as="generator")(jobs)
    for number, (split, estimates) in enumerate(zip(splits, results, strict=True)):
        made[:, split.validation] = estimates.clip(0, 120)
        progress(number + 1, len(splits))
    estimated = Predictions(crops.ages.astype(float), *made)
    return Measured(estimated, units(crops), crops.samples, crops.ages)


def check_readout(readout: str, *, tuned: bool) -> None:
    """Refuse a readout that would learn nothing from the other persons.

    Raises:
        ConfigError: it reads with what the tuning has learned, and nothing is tuned.
    """
    if readout in _OF_TUNING and not tuned:
        raise ConfigError(
            f"The readout {readout} learns nothing but by the tuning of the backbone. Add --tune, "
            "or choose another readout."
        )


def person_splits(crops: Crops) -> list[Split]:
    """Each person left out once.

    Raises:
        DataError: subjects are unknown, or there are fewer than two.
    """
    return [split for _, split in leave_one_out([sample.subject for sample in crops.samples])]


def _fold(readout: str, model: AgeModel, seen: Tuned, split: Split) -> Estimates:
    torch.set_num_threads(1)
    model = copy.deepcopy(model)  # where there is one process, it is everybody's
    model.head = seen.head
    train, person = (seen.faces.select(part) for part in (split.train, split.validation))
    return READOUTS[readout](model, train, person)


def _distribution_readout(
    known: Float[np.ndarray, "train dim"], train: FeatureSet, new: Float[np.ndarray, "faces dim"]
) -> Estimates:
    """Expectation ranker, its penalty chosen by the error over persons of the training part."""
    folds = GroupKFold(min(_INNER_FOLDS, len(np.unique(train.units))))
    errors = []
    for penalty in _PENALTIES:
        ranker = ExpectationRanker(penalty=penalty, iterations=60)
        made = cross_val_predict(ranker, known, train.ages, groups=train.units, cv=folds)
        errors.append(mae(train.ages, np.asarray(made)))
    best = _PENALTIES[int(np.argmin(errors))]
    ranker = ExpectationRanker(penalty=best).fit(known, train.ages)
    return summaries(ranker.predict_proba(new), coverage=COVERAGE).T


def _own_ages(model: AgeModel, faces: FeatureSet) -> Float[np.ndarray, " faces"]:
    with torch.no_grad():
        return model.distributions(model.logits(faces.plain))[0]
