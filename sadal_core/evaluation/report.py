"""Measured figures as the plain dictionaries that result files and manifests store."""

from typing import Any

import numpy as np

from sadal_core.evaluation.metrics import (
    Predictions,
    bands,
    bootstrap_mae,
    coverage,
    cumulative_scores,
    mae,
)

_BOOTSTRAP_SEED = 0


def measured(predictions: Predictions, units: np.ndarray, train_ages: np.ndarray) -> dict[str, Any]:
    """Entries "metrics" and "bands" for a set of estimates.

    Args:
        predictions: what was measured.
        units: subject or duplicate group of each face, for the bootstrap.
        train_ages: ages that the model was trained on; empty where that is not to be shown.
    """
    scores = cumulative_scores(predictions.true, predictions.age)
    return {
        "metrics": {
            "mae": mae(predictions.true, predictions.age),
            "interval": list(bootstrap_mae(predictions, units, seed=_BOOTSTRAP_SEED)),
            "bias": float((predictions.age - predictions.true).mean()),
            "cs": scores,
            "cs5": scores[5],
            "coverage80": coverage(predictions),
            "n": len(predictions.true),
        },
        "bands": bands(predictions, train_ages),
    }
