"""Protocols: which faces are measured, and what may be learned from the others."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sadal_core.data.crops import Crops
from sadal_core.data.splits import leave_one_out
from sadal_core.errors import DataError
from sadal_core.evaluation.metrics import Predictions
from sadal_core.evaluation.predict import COVERAGE, head_logits, predictions
from sadal_core.model import AgeModel

Progress = Callable[[int, int], None]  # folds or data sets done, in all


class Measured(NamedTuple):
    """Estimates, the unit (subject or duplicate group) of each, and the ages learned from."""

    predictions: Predictions
    units: np.ndarray
    train_ages: np.ndarray


Protocol = Callable[[AgeModel, dict[str, Any], Crops, Progress], Measured]


def holdout(
    model: AgeModel, manifest: dict[str, Any], crops: Crops, progress: Progress
) -> Measured:
    """The duplicate groups that were held out when the model was trained."""
    config = manifest["config"]
    split = crops.holdout(fraction=config["validation_fraction"], seed=config["seed"])
    return _zero_shot(model, crops, split.validation, progress)._replace(
        train_ages=crops.ages[split.train]
    )


def unseen(model: AgeModel, manifest: dict[str, Any], crops: Crops, progress: Progress) -> Measured:
    """Every face of a data set that the model was not trained on, with nothing learned from it.

    Raises:
        DataError: the model was trained on this data set.
    """
    if crops.dataset in [row["dataset"] for row in manifest["data"]]:
        raise DataError(
            f"The model was trained on {crops.dataset}: measuring it on all of its faces would "
            "flatter it. Use --protocol holdout."
        )
    return _zero_shot(model, crops, ~crops.conflicting, progress)


def leave_one_person_out(
    model: AgeModel, manifest: dict[str, Any], crops: Crops, progress: Progress
) -> Measured:
    """Each person measured with an age readout learned from everybody else.

    The backbone stays as it is. The readout is a ridge regression on the standardised features
    and the model's own estimate, its penalty chosen by leave-one-out inside the training part.
    Its 80 % interval is the estimate -+ the 80 % quantile of those leave-one-out errors.

    Raises:
        DataError: subjects are unknown, or there are fewer than two.
    """
    features, probabilities = _in_batches(model, crops)
    own = probabilities @ np.arange(probabilities.shape[1])
    inputs = np.column_stack([features, own])
    made = np.empty((3, len(crops.ages)))
    subjects = [sample.subject for sample in crops.samples]
    folds = list(leave_one_out(subjects))
    for number, (_, split) in enumerate(folds):
        age, spread = _ridge_readout(inputs[split.train], crops.ages[split.train])(
            inputs[split.validation]
        )
        made[:, split.validation] = np.stack([age, age - spread, age + spread]).clip(0, 120)
        progress(number + 1, len(folds))
    units = np.unique(subjects, return_inverse=True)[1].reshape(-1)
    return Measured(Predictions(crops.ages.astype(float), *made), units, crops.ages)


PROTOCOLS: Final[dict[str, Protocol]] = {
    "holdout": holdout,
    "unseen": unseen,
    "lopo": leave_one_person_out,
}


def _zero_shot(model: AgeModel, crops: Crops, mask: np.ndarray, progress: Progress) -> Measured:
    if not mask.any():
        raise DataError(f"The protocol leaves no face of {crops.dataset} to measure on.")
    logits = head_logits(model, list(crops.images[mask]))
    progress(1, 1)
    units = crops.groups
    if all(sample.subject for sample in crops.samples):
        units = np.unique([s.subject for s in crops.samples], return_inverse=True)[1].reshape(-1)
    made = predictions(logits, crops.ages[mask], model.temperature)
    return Measured(made, units[mask], np.empty(0))


def _in_batches(model: AgeModel, crops: Crops, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    pieces = [
        model.predict(crops.images[start : start + size])
        for start in range(0, len(crops.images), size)
    ]
    features, probabilities = zip(*pieces, strict=True)
    return np.concatenate(features), np.concatenate(probabilities)


def _ridge_readout(
    inputs: np.ndarray, ages: np.ndarray
) -> Callable[[np.ndarray], tuple[np.ndarray, float]]:
    """Function from inputs to ages and the half-width of their interval, in years."""
    ridge = RidgeCV(np.logspace(0, 5, 21), store_cv_results=True)
    readout = make_pipeline(StandardScaler(), ridge).fit(inputs, ages)
    best = int(np.argmin(ridge.cv_results_.mean(axis=0)))
    spread = float(np.quantile(np.sqrt(ridge.cv_results_[:, best]), COVERAGE))
    return lambda new: (readout.predict(new), spread)
