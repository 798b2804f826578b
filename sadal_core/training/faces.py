"""The faces of a run: cached crops of several data sets, their split, and epochs over them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sadal_core.ages import OLDEST, gaussian_labels
from sadal_core.backbones import BackboneSpec
from sadal_core.data.crops import Crops
from sadal_core.errors import DataError
from sadal_core.training.augment import augment
from sadal_core.training.config import TrainConfig

_SMOOTHING_YEARS = 2.0  # ages are counted over neighbours before rare ones are drawn more often


class Batch(NamedTuple):
    """One step's faces: normalised input, true ages in years, label distributions."""

    faces: Float[Tensor, "batch 3 side side"]
    ages: Float[Tensor, " batch"]
    labels: Float[Tensor, "batch ages"]


@dataclass(frozen=True)
class FaceSet:
    """Crops with ages, from one or more data sets."""

    images: list[np.ndarray]
    ages: np.ndarray
    where: np.ndarray  # (N, 2): which array of `images`, which row

    def __len__(self) -> int:
        """Number of faces."""
        return len(self.ages)

    def image(self, index: int) -> np.ndarray:
        """Stored crop of one face."""
        part, row = self.where[index]
        return self.images[part][row]


def face_sets(parts: list[Crops], *, fraction: float, seed: int) -> tuple[FaceSet, FaceSet]:
    """Training and validation faces of several data sets.

    Raises:
        DataError: a side is empty, so that nothing could be learned or measured.
    """
    splits = [crops.holdout(fraction=fraction, seed=seed) for crops in parts]
    train = side_of(parts, [split.train for split in splits])
    validation = side_of(parts, [split.validation for split in splits])
    for name, side in (("train on", train), ("measure on", validation)):
        if len(side) == 0:
            raise DataError(f"The split leaves no faces to {name}. Give more pictures.")
    return train, validation


def side_of(parts: list[Crops], masks: list[np.ndarray]) -> FaceSet:
    """The faces for which the mask of their data set is true."""
    where = [
        np.stack([np.full(mask.sum(), part), np.flatnonzero(mask)], axis=1)
        for part, mask in enumerate(masks)
    ]
    ages = [crops.ages[mask] for crops, mask in zip(parts, masks, strict=True)]
    return FaceSet([crops.images for crops in parts], np.concatenate(ages), np.concatenate(where))


def draw_weights(ages: np.ndarray, balance: float) -> np.ndarray:
    r"""Probability of drawing each face, :math:`\propto n(y)^{-b}`.

    n(y) counts faces by age, smoothed over neighbouring years, so that b = 0 draws faces as
    they come and b = 1 draws all ages about equally often.
    """
    years = np.clip(np.round(ages), 0, OLDEST).astype(int)
    counts = np.bincount(years, minlength=OLDEST + 1).astype(float)
    offsets = np.subtract.outer(np.arange(OLDEST + 1), np.arange(OLDEST + 1))
    kernel = np.exp(-0.5 * (offsets / _SMOOTHING_YEARS) ** 2)
    smooth = kernel @ counts / kernel.sum(axis=1)
    weights = np.maximum(smooth[years], 1e-9) ** -balance
    return weights / weights.sum()


def epoch_batches(
    faces: FaceSet, spec: BackboneSpec, config: TrainConfig, epoch: int, *, first: int = 0
) -> Iterator[Batch]:
    """Batches `first`, `first` + 1, ... of one epoch.

    Draws and augmentation depend on the seed, the epoch and the position alone, so that a
    resumed epoch goes on with exactly the batches that an unbroken one would have seen.
    """
    rng = np.random.default_rng((config.seed, epoch))
    order = rng.choice(len(faces), len(faces), p=draw_weights(faces.ages, config.age_balance))
    for step in range(first, steps_per_epoch(faces, config)):
        start = step * config.batch_size
        chosen = order[start : start + config.batch_size]
        views = [
            augment(
                faces.image(index),
                spec.crop,
                np.random.default_rng((config.seed, epoch, start + i)),
            )
            for i, index in enumerate(chosen.tolist())
        ]
        ages = torch.from_numpy(faces.ages[chosen])
        labels = gaussian_labels(ages, sigma=config.label_sigma)
        yield Batch(spec.preprocess(np.stack(views)), ages, labels)


def steps_per_epoch(faces: FaceSet, config: TrainConfig) -> int:
    """Full batches in an epoch; at least one."""
    return max(1, len(faces) // config.batch_size)
