"""What changes while a metric is trained, batch by batch."""

import copy
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sadal_core.objective import GeneratorTerms, MetricTerms
from sadal_core.quadruplets import Negatives, Quadruplets, QuadrupletSampler, Roles
from sadal_core.training.distributed import share
from sadal_core.training.metric.config import MetricConfig, Phase
from sadal_core.training.metric.sources import Source
from sadal_core.training.metric.steps import (
    Batch,
    Players,
    generator_step,
    joint_step,
    metric_step,
)
from sadal_core.training.metric.terms import StepTerms, Tally


class Turn(StrEnum):
    """Who learns from a batch."""

    BOTH = "both"
    GENERATOR = "generator"
    METRIC = "metric"


@dataclass
class Best:
    """The epoch of the last phase with the smallest validation error, and its weights."""

    error: float = float("inf")
    epoch: int = -1
    weights: dict[str, Tensor] = field(default_factory=dict)


@dataclass
class MetricRun:
    """A run of the metric stage between two batches.

    Attributes:
        config: its settings.
        source: the training faces.
        sampler: of the quadruplets among them.
        players: networks and optimizers.
        step: batches done.
        tally: of the epoch that the next batch belongs to.
        best: see `Best`.
    """

    config: MetricConfig
    source: Source
    sampler: QuadrupletSampler
    players: Players
    step: int = 0
    tally: Tally = field(default_factory=Tally)
    best: Best = field(default_factory=Best)
    _drawn: tuple[int, Quadruplets] | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Full batches; what is left over meets again in other epochs."""
        return self.sampler.report.anchors // self.config.batch_size

    @property
    def between_epochs(self) -> bool:
        """Whether an epoch has just ended, or none has begun."""
        return self.step % self.steps_per_epoch == 0

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or the patience is at its end."""
        if self.epoch >= self.config.epochs:
            return True
        waited = self.epoch - 1 - self.best.epoch
        return (
            bool(self.config.patience) and self.best.epoch >= 0 and (waited >= self.config.patience)
        )

    @property
    def epoch(self) -> int:
        """The epoch that the next batch belongs to."""
        return self.step // self.steps_per_epoch

    @property
    def synthetic(self) -> bool:
        """Whether f learns from generated negatives in the epoch of the next batch."""
        return self.config.phase(self.epoch) is not Phase.METRIC and self.config.generator != "none"

    def batch(self) -> Batch:
        """The next batch, or this process's share of it.

        The batch is a function of the seed and of the steps done alone.
        """
        epoch, place = divmod(self.step, self.steps_per_epoch)
        if self._drawn is None or self._drawn[0] != epoch:
            self._drawn = epoch, self.sampler.epoch(epoch)
        start = place * self.config.batch_size
        whole = np.stack([c[start : start + self.config.batch_size] for c in self._drawn[1]])
        rng = np.random.default_rng((self.config.seed, epoch, place))
        views = self.source.views(whole.size, rng).reshape(whole.shape)
        rows, views = share(whole.T).T, share(views.T).T  # (4, batch) each
        features = self.source.varied(rows.reshape(-1), views.reshape(-1))
        x = self.players.model.standardise(features.to(self.players.model.mean.device))
        i, j, k, l = (self.sampler.ages[column] for column in rows)  # noqa: E741
        similarity = self.config.objective.similarity
        q = Negatives(*(similarity(torch.from_numpy(gaps).to(x)) for gaps in (i - k, j - l)))
        return Batch(Roles(*x.chunk(4)), q)

    def advance(self, turn: Turn = Turn.BOTH) -> StepTerms:
        """Give the players their turns on the next batch, as the phase of its epoch allows.

        Args:
            turn: who learns. After a turn of the generator alone the batch is still the next one,
                so that a turn of each is the same as one of both.

        Returns:
            The terms of the whole batch, whoever has worked on it.
        """
        config, phase = self.config, self.config.phase(self.epoch)
        batch, objective, synthetic = self.batch(), config.objective, self.synthetic
        made: tuple[GeneratorTerms | None, MetricTerms | None] = (None, None)
        if turn is Turn.GENERATOR or (turn is Turn.BOTH and phase is Phase.GENERATOR):
            made = generator_step(self.players, batch, objective), None
        elif turn is Turn.METRIC or not synthetic:
            made = None, metric_step(self.players, batch, objective, synthetic=synthetic)
        elif config.grad == "joint":
            made = joint_step(self.players, batch, objective)
        else:
            first = generator_step(self.players, batch, objective)
            made = first, metric_step(self.players, batch, objective, synthetic=True)
        terms = StepTerms(*made).gathered()
        self.tally.add(terms)
        self.step += turn is not Turn.GENERATOR
        return terms

    def weights(self) -> dict[str, Tensor]:
        """A copy of the weights of everything that learns."""
        own = {f"metric.{k}": v for k, v in self.players.model.state_dict().items()}
        if self.source.backbone is not None:
            own |= {f"backbone.{k}": v for k, v in self.source.backbone.state_dict().items()}
        return {name: value.detach().cpu().clone() for name, value in own.items()}

    def load_weights(self, weights: dict[str, Tensor]) -> None:
        """Take weights that `weights` gave."""
        self.players.model.load_state_dict(_part(weights, "metric."))
        if self.source.backbone is not None:
            self.source.backbone.load_state_dict(_part(weights, "backbone."))

    def state(self) -> dict[str, Any]:
        """Everything needed to go on."""
        optimizers = (self.players.metric, self.players.generator)
        return {
            "step": self.step,
            "weights": self.weights(),
            "optimizers": [o and copy.deepcopy(o.state_dict()) for o in optimizers],
            "tally": asdict(self.tally),
            "best": vars(self.best),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.load_weights(state["weights"])
        optimizers = (self.players.metric, self.players.generator)
        for optimizer, stored in zip(optimizers, state["optimizers"], strict=True):
            if optimizer is not None:
                optimizer.load_state_dict(stored)
        self.tally = Tally(**state["tally"])
        self.best = Best(**state["best"])
        self.step = state["step"]


def _part(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
