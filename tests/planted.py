"""Planted faces: pictures whose brightness is the age, and a network small enough to learn it."""

import numpy as np
from torch import nn

from sadal_core.backbones import BackboneSpec
from sadal_core.backbones.spec import Backbone
from sadal_core.data.crops import Crops
from sadal_core.data.samples import Sample


class TinyBackbone(Backbone):
    """Two stages; the features are colours and edges, averaged."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8), nn.BatchNorm2d(4), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(4, 8, 3, stride=2), nn.ReLU())

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        return (self.first, self.second)


TINY = BackboneSpec(TinyBackbone, 8, "for tests", white=0)  # brightness is the age


def planted_crops(
    count: int,
    *,
    seed: int = 0,
    dataset: str = "planted",
    subjects: int = 0,
    conflicting: np.ndarray | None = None,
) -> Crops:
    """`count` crops of random ages from 0 to 79; a grey level of 3 per year, with some noise."""
    rng = np.random.default_rng(seed)
    ages = rng.integers(0, 80, count)
    noise = rng.integers(0, 12, (count, 128, 128, 3))
    images = (3 * ages[:, None, None, None] + noise).astype(np.uint8)
    samples = [
        Sample(f"{i:05d}.png", int(age), subject=f"p{i % subjects}" if subjects else "")
        for i, age in enumerate(ages)
    ]
    nobody = np.zeros(count, bool)
    return Crops(
        dataset,
        samples,
        images,
        np.arange(count),
        nobody if conflicting is None else conflicting,
        [],
        "labels",
    )
