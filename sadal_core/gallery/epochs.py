"""The maps and distances after every recorded epoch of training."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from sadal_core.gallery.drawing import Maps
from sadal_core.gallery.faithfulness import faithfulness
from sadal_core.gallery.maps import MapSettings, epoch_maps
from sadal_core.gallery.placement import place
from sadal_core.gallery.stored import Epochs
from sadal_core.hard_negatives import HardNegatives
from sadal_core.metric import MetricModel


class Recorded(NamedTuple):
    """The metric at the end of an epoch.

    Attributes:
        number: of the epoch, from 1.
        generating: whether the generator had begun to learn.
        metric: f and G.
    """

    number: int
    generating: bool
    metric: MetricModel


class EpochMaps(NamedTuple):
    """What is stored of the epochs, and how faithful each map is, in their order."""

    stored: Epochs
    faithfulness: list[dict[str, Any]]


def epochs_of(
    recorded: Sequence[Recorded],
    x: Float[np.ndarray, "samples features"],
    generated: Callable[[MetricModel], HardNegatives],
    settings: MapSettings,
    maps: Maps,
    progress: Callable[[str], object],
) -> EpochMaps | None:
    """One map per epoch that ends at the map "after-umap"; None without a recording.

    Args:
        recorded: the epochs in order.
        x: standardised features of the samples.
        generated: the generated negatives of the same quadruplets in a metric.
        settings: of UMAP.
        maps: of the finished metric.
        progress: told which epoch is drawn next.
    """
    if not recorded:
        return None
    made = [generated(epoch.metric) for epoch in recorded]
    spaces = [epoch.metric.head(torch.from_numpy(x)).numpy() for epoch in recorded]
    drawn = epoch_maps(spaces, settings, maps.samples["after-umap"], progress)
    between = [_to_positive(space, row) for space, row in zip(spaces, made, strict=True)]
    stored = Epochs(
        numbers=np.array([epoch.number for epoch in recorded]),
        generating=np.array([epoch.generating for epoch in recorded]),
        samples=np.stack(drawn),
        negatives=np.stack(
            [
                place(row.embeddings, space, places)
                for row, space, places in zip(made, spaces, drawn, strict=True)
            ]
        ),
        before=np.stack([row.distance_before for row in made]).astype(np.float16),
        after=np.stack([row.distance_after for row in made]).astype(np.float16),
        positive=np.stack(between).astype(np.float16),
    )
    return EpochMaps(
        stored,
        [
            faithfulness(space, places, np.random.default_rng(0))._asdict()
            for space, places in zip(spaces, drawn, strict=True)
        ],
    )


def _to_positive(space: np.ndarray, negatives: HardNegatives) -> np.ndarray:
    difference = space[negatives.anchor] - space[negatives.positive]
    return (difference**2).sum(axis=1)
