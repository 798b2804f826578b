"""The end of a run: calibrate the model, measure it on held-out faces, write it."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sadal_core.data.crops import Crops
from sadal_core.data.splits import Split
from sadal_core.evaluation.metrics import Predictions, mae
from sadal_core.evaluation.predict import age_logits, calibrated_temperature, predictions
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

    The temperature is one number fitted on the validation faces; their MAE is measured with it.

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
    logits = [
        age_logits(model, list(crops.images[mask])) for crops, mask in zip(parts, held, strict=True)
    ]
    true = [crops.ages[mask] for crops, mask in zip(parts, held, strict=True)]
    model.temperature = calibrated_temperature(np.concatenate(logits), np.concatenate(true))
    made = [predictions(*pair, model.temperature) for pair in zip(logits, true, strict=True)]
    train_ages = [crops.ages[split.train] for crops, split in zip(parts, splits, strict=True)]
    manifest = {
        **about,
        "backbone": model.backbone_name,
        "split": split._asdict(),
        "data": [_data_row(*row) for row in zip(parts, splits, made, strict=True)],
        **measured(_joined(made), _units(parts, held), np.concatenate(train_ages)),
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


def _joined(made: list[Predictions]) -> Predictions:
    return Predictions(*(np.concatenate(columns) for columns in zip(*made, strict=True)))


def _units(parts: list[Crops], held: list[np.ndarray]) -> np.ndarray:
    """Duplicate groups of the held-out faces, numbered so that data sets do not share any."""
    offsets = np.cumsum([0] + [int(crops.groups.max()) + 1 for crops in parts[:-1]])
    rows = zip(parts, held, offsets, strict=True)
    return np.concatenate([crops.groups[mask] + offset for crops, mask, offset in rows])
