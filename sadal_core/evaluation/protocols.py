"""Protocols: which faces are measured, and what may be learned from the others."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from sadal_core.data.crops import Crops
from sadal_core.data.samples import Sample
from sadal_core.errors import DataError
from sadal_core.evaluation.metrics import Predictions
from sadal_core.evaluation.predict import age_logits, predictions
from sadal_core.features import units
from sadal_core.manifest import entry
from sadal_core.model import AgeModel

Progress = Callable[[int, int], None]  # folds or data sets done, in all


class Measured(NamedTuple):
    """Estimates, unit (subject or duplicate group) and sample of each, and ages learned from."""

    predictions: Predictions
    units: np.ndarray
    samples: list[Sample]
    train_ages: np.ndarray


Protocol = Callable[[AgeModel, dict[str, Any], Crops, Progress], Measured]


def holdout(
    model: AgeModel, manifest: dict[str, Any], crops: Crops, progress: Progress
) -> Measured:
    """The duplicate groups that were held out when the model was trained."""
    split = crops.holdout(**entry(manifest, "split"))
    return _zero_shot(model, crops, split.validation, progress)._replace(
        train_ages=crops.ages[split.train]
    )


def unseen(model: AgeModel, manifest: dict[str, Any], crops: Crops, progress: Progress) -> Measured:
    """Every face of a data set that the model was not trained on, with nothing learned from it.

    Raises:
        DataError: the model was trained on this data set.
    """
    if crops.dataset in [row["dataset"] for row in entry(manifest, "data")]:
        raise DataError(
            f"The model was trained on {crops.dataset}: measuring it on all of its faces would "
            "flatter it. Use --protocol holdout."
        )
    return _zero_shot(model, crops, ~crops.conflicting, progress)


PROTOCOLS: Final[dict[str, Protocol]] = {
    "holdout": holdout,
    "unseen": unseen,
}


def _zero_shot(model: AgeModel, crops: Crops, mask: np.ndarray, progress: Progress) -> Measured:
    if not mask.any():
        raise DataError(f"The protocol leaves no face of {crops.dataset} to measure on.")
    logits = age_logits(model, list(crops.images[mask]))
    progress(1, 1)
    made = predictions(model, logits, crops.ages[mask])
    samples = [crops.samples[index] for index in np.flatnonzero(mask)]
    return Measured(made, units(crops)[mask], samples, np.empty(0))
