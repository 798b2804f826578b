"""The end of a run: calibrate the model, measure it on held-out faces, write it."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sadal_core.data.crops import Crops
from sadal_core.data.splits import Split
from sadal_core.evaluation.calibrate import calibrate
from sadal_core.evaluation.metrics import Predictions, mae
from sadal_core.evaluation.predict import age_logits
from sadal_core.evaluation.report import measured
from sadal_core.model import AgeModel
from sadal_core.weights import save_model


class SplitSettings(NamedTuple):
    """Arguments of `Crops.holdout`; every stage of a model uses those of the first."""

    fraction: float
    seed: int


def finish(
    model: AgeModel,
    parts: list[Crops],
    split: SplitSettings,
    folder: Path,
    *,
    about: dict[str, Any],
) -> dict[str, Any]:
    """Calibrate and measure `model` and write it, with its manifest, to `folder`.

    The calibration is fitted on the validation faces. What their intervals hold is measured with
    calibrations fitted on others of them, so that no face vouches for its own interval.

    Args:
        model: what was trained.
        parts: all data sets.
        split: how training and validation faces were told apart.
        folder: created if need be.
        about: what else the manifest should say; the settings, above all.

    Returns:
        The manifest.
    """
    splits = [crops.holdout(**split._asdict()) for crops in parts]
    held = [split.validation for split in splits]
    chosen = list(zip(parts, held, strict=True))
    logits = np.concatenate([age_logits(model, list(crops.images[mask])) for crops, mask in chosen])
    true = np.concatenate([crops.ages[mask] for crops, mask in chosen])
    names = np.concatenate([np.repeat(crops.dataset, mask.sum()) for crops, mask in chosen])
    units = _units(parts, held)
    made, calibration = calibrate(model, logits, true, units, names)
    train_ages = [crops.ages[split.train] for crops, split in zip(parts, splits, strict=True)]
    manifest = {
        **about,
        "backbone": model.backbone_name,
        "split": split._asdict(),
        "data": [
            _data_row(crops, side, made.select(names == crops.dataset))
            for crops, side in zip(parts, splits, strict=True)
        ],
        **measured(made, units, np.concatenate(train_ages)),
        "calibration": calibration,
    }
    save_model(model.cpu(), folder, manifest)
    return manifest


def _data_row(crops: Crops, split: Split, made: Predictions) -> dict[str, Any]:
    return {
        "dataset": crops.dataset,
        "labels_sha256": crops.labels,
        "n_train": int(split.train.sum()),
        "n_validation": int(split.validation.sum()),
        "n_without_face": len(crops.missing),
        "mae": mae(made.true, made.age) if split.validation.any() else None,
    }


def _units(parts: list[Crops], held: list[np.ndarray]) -> np.ndarray:
    """Duplicate groups of the held-out faces, numbered so that data sets do not share any."""
    offsets = np.cumsum([0] + [int(crops.groups.max()) + 1 for crops in parts[:-1]])
    rows = zip(parts, held, offsets, strict=True)
    return np.concatenate([crops.groups[mask] + offset for crops, mask, offset in rows])
