"""Estimates for many crops, and the temperature that makes their intervals honest."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import root_scalar

from sadal_core.ages import OLDEST, summaries
from sadal_core.evaluation.metrics import Predictions, coverage
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


def predictions(logits: np.ndarray, true: np.ndarray, temperature: float) -> Predictions:
    """Ages and 80 % intervals from logits."""
    scaled = torch.from_numpy(logits).double() / temperature
    age, low, high = summaries(torch.softmax(scaled, 1).numpy(), coverage=COVERAGE).T
    return Predictions(true.astype(float), age, low, high)


def calibrated_temperature(logits: np.ndarray, true: np.ndarray) -> float:
    """Temperature at which the 80 % intervals hold 80 % of the true ages.

    Found by bisection on the coverage, which grows with the temperature; the nearer end of
    0.05..20 where 80 % is out of reach.
    """

    def excess(log_temperature: float) -> float:
        made = predictions(logits, true, float(np.exp(log_temperature)))
        return coverage(made) - COVERAGE

    low, high = np.log(0.05), np.log(20.0)
    if excess(low) >= 0:
        return float(np.exp(low))
    if excess(high) <= 0:
        return float(np.exp(high))
    root = root_scalar(excess, bracket=(low, high), method="brentq", xtol=1e-3)
    return float(np.exp(root.root))
