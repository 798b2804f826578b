"""How ODFL and LSDML learn their linear embeddings: quadruplets, batch by batch.

The metric methods without a generator share this loop; SADAL has its own, `training.metric`.
Letters: B quadruplets of a batch.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sadal_core.metric import MetricModel
from sadal_core.quadruplets import Quadruplets, QuadrupletSampler, Roles
from sadal_core.settings import check_ranges

# Of every metric method: longer did not help to read held-out AAF and UTKFace faces.
EPOCHS: Final = 8
LEARNING_RATE: Final = 3e-3
STEPS_PER_EPOCH: Final = 4  # at least, where there are enough faces: a batch is made smaller for it


class Population(NamedTuple):
    """Faces of one data set.

    Attributes:
        features: as the backbone made them.
        ages: in years.
    """

    features: Float[Tensor, "samples features"]
    ages: Float[np.ndarray, " samples"]


class Embedded(NamedTuple):
    """A batch of one population.

    Attributes:
        embeddings: of the four samples of each quadruplet.
        ages: theirs, in whole years; one row per role.
    """

    embeddings: Roles
    ages: Float[Tensor, "4 batch"]


Loss = Callable[[list[Embedded]], Float[Tensor, ""]]


@dataclass(frozen=True)
class Schedule:
    """How long, and in which steps.

    Attributes:
        epochs: in each, every sample that can be an anchor is one once.
        batch_size: quadruplets per step, at most.
        learning_rate: of Adam.
        dim: length of an embedding.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    dim: int = 100

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            ConfigError: names the setting, its value and what is allowed.
        """
        check_ranges(self, _RANGES)


_RANGES: Final = {
    "dim": (1, 65_536),
    "epochs": (1, 100_000),
    "batch_size": (1, 1_048_576),
    "learning_rate": (1e-8, 10),
}


def fitting_batch(batch_size: int, sampler: QuadrupletSampler) -> int:
    """`batch_size`, or less where an epoch would have fewer than `STEPS_PER_EPOCH` of them."""
    return min(batch_size, max(1, sampler.report.anchors // STEPS_PER_EPOCH))


def learned(
    populations: list[Population], loss: Loss, schedule: Schedule, *, seed: int
) -> list[MetricModel]:
    """A linear embedding for each population, learned together by Adam.

    An epoch is one of the first population; the others go round at their own pace.

    Args:
        populations: at least one.
        loss: of one batch of each population, in their order.
        schedule: how long.
        seed: of the first weights, the same for all, and of the quadruplets.

    Raises:
        DataError: no quadruplet can be made of a population, or a feature is not finite.
    """
    samplers = [QuadrupletSampler(p.ages, age_window=None, seed=seed) for p in populations]
    sizes = [fitting_batch(schedule.batch_size, sampler) for sampler in samplers]
    models = [_fresh(population, schedule.dim, seed) for population in populations]
    weights = [weight for model in models for weight in model.head.parameters()]
    optimizer = torch.optim.Adam(weights, lr=schedule.learning_rate)
    streams = [_rows(*drawn) for drawn in zip(samplers, sizes, strict=True)]
    steps = schedule.epochs * (samplers[0].report.anchors // sizes[0])
    together = list(zip(models, populations, samplers, strict=True))
    for rows in itertools.islice(zip(*streams, strict=True), steps):
        batches = [_embedded(*one, at) for one, at in zip(together, rows, strict=True)]
        optimizer.zero_grad(set_to_none=True)
        loss(batches).backward()
        optimizer.step()
    return models


def _rows(sampler: QuadrupletSampler, size: int) -> Iterator[Quadruplets]:
    """Full batches of one epoch after the other, without end."""
    for epoch in itertools.count():
        drawn = sampler.epoch(epoch)
        for start in range(0, len(drawn.anchor) - size + 1, size):
            yield Quadruplets(*(column[start : start + size] for column in drawn))


def _fresh(population: Population, dim: int, seed: int) -> MetricModel:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = MetricModel(population.features.shape[1], dim=dim)
    model.standardise_to(population.features)
    return model


def _embedded(
    model: MetricModel, population: Population, sampler: QuadrupletSampler, rows: Quadruplets
) -> Embedded:
    places = np.concatenate(rows)
    embeddings = model(population.features[torch.from_numpy(places)])
    ages = torch.from_numpy(sampler.ages[places]).to(embeddings)
    return Embedded(Roles(*embeddings.chunk(4)), ages.reshape(4, -1))
