"""Planted features: ages along an arc among noise, so that a metric has something to learn."""

import numpy as np
import torch

from sadal_core.features import FeatureSet


def planted_features(
    count: int = 240, *, width: int = 12, seed: int = 0, noise: float = 0.3, subjects: int = 0
) -> FeatureSet:
    """Features in two views that turn by a quarter circle from age 10 to age 49."""
    rng = np.random.default_rng(seed)
    ages = rng.integers(10, 50, count).astype(np.float32)
    angle = (ages - 10) / 40 * np.pi / 2
    plain = rng.normal(0, noise, (count, 2, width))
    plain[:, :, 0] += 3 * np.cos(angle)[:, None]
    plain[:, :, 1] += 3 * np.sin(angle)[:, None]
    units = np.arange(count) % subjects if subjects else np.arange(count)
    return FeatureSet(torch.from_numpy(plain.astype(np.float32)), ages, units)
