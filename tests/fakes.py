"""Stand-ins for the model: estimates with known ages, and services that return them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.services import Services
from sadal_core.ages import summarise
from sadal_core.faces.detect import Face
from sadal_core.faces.quality import QualityWarning
from sadal_core.pipeline import FaceEstimate

BANDS: list[dict[str, Any]] = [
    {"low": low, "high": 120 if low == 80 else low + 9, "mae": 3.0 + low / 20, "bias": -low / 40,
     "coverage": 0.81, "n": 200 + low, "n_train": 2000 + low}
    for low in range(0, 90, 10)
]  # fmt: skip
MANIFEST: dict[str, Any] = {
    "backbone": "resnet18-half",
    "sha256": "0" * 64,
    "metrics": {"mae": 4.9, "cs5": 0.65, "n": 3400, "coverage80": 0.8, "interval": [4.7, 5.1]},
    "bands": BANDS,
    "data": [{"dataset": "utkface", "n_train": 19000}, {"dataset": "aaf", "n_train": 11000}],
}


def distribution(age: float, width: float = 5.0) -> np.ndarray:
    """A bell over the ages 0..100 around `age`, summing to 1."""
    ages = np.arange(101)
    weights = np.exp(-((ages - age) ** 2) / (2 * width**2))
    return weights / weights.sum()


def estimate_of(
    age: float, *, left: float = 10, top: float = 10, side: float = 40,
    warnings: tuple[QualityWarning, ...] = (),
) -> FaceEstimate:  # fmt: skip
    """A face of a known age in a square box."""
    box = np.array([left, top, left + side, top + side], dtype=np.float64)
    spots = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
    features = np.linspace(0, 1, 8, dtype=np.float32)
    probabilities = distribution(age)
    return FaceEstimate(
        face=Face(box, box[:2] + side * spots, 0.9),
        crop=np.full((112, 112, 3), int(age) + 100, np.uint8),
        features=features,
        embedding=features / np.linalg.norm(features),
        probabilities=probabilities,
        summary=summarise(probabilities),
        warnings=warnings,
    )


def services_for(
    faces: Sequence[FaceEstimate] | Exception, *, uploads: Path | None = None
) -> Services:
    """Services that find `faces` in every picture, or fail with the given error."""

    def estimate(image: np.ndarray) -> tuple[FaceEstimate, ...]:
        assert image.dtype == np.uint8
        assert image.ndim == 3
        if isinstance(faces, Exception):
            raise faces
        return tuple(faces)

    return Services(estimate, MANIFEST, uploads=uploads, grace=0)


def raising(error: Exception) -> Callable[[], Any]:
    """A function that fails with `error`."""

    def fail() -> Any:
        raise error

    return fail
