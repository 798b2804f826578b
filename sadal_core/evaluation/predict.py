"""Estimates for many crops."""

from collections.abc import Sequence

import numpy as np
import torch

from sadal_core.ages import OLDEST, summaries
from sadal_core.evaluation.metrics import Predictions
from sadal_core.model import AgeModel

_BATCH = 64
COVERAGE = 0.8


def age_logits(model: AgeModel, images: Sequence[np.ndarray]) -> np.ndarray:
    """What ages of stored crops are read with, before the temperature; (N, ages), in order."""
    parts = [np.empty((0, OLDEST + 1), np.float32)]
    device = model.head.weight.device
    with torch.inference_mode():
        for start in range(0, len(images), _BATCH):
            faces = model.spec.preprocess(np.stack(images[start : start + _BATCH]), device)
            parts.append(model.logits(model.features(faces)).cpu().numpy())
    return np.concatenate(parts)


def predictions(model: AgeModel, logits: np.ndarray, true: np.ndarray) -> Predictions:
    """Ages and 80 % intervals that `model` makes of logits."""
    return estimates(*model.distributions(torch.from_numpy(logits)), true)


def estimates(ages: np.ndarray, probabilities: np.ndarray, true: np.ndarray) -> Predictions:
    """Ages, with 80 % intervals from distributions."""
    columns = summaries(probabilities, age=ages, coverage=COVERAGE).T
    return Predictions(true.astype(float), *columns)
