"""What changes while a metric is trained, batch by batch."""

import copy
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sadal_core.errors import DataError
from sadal_core.generator import Midpoint
from sadal_core.metric import MetricModel
from sadal_core.objective import GeneratorTerms, MetricTerms
from sadal_core.quadruplets import Negatives, Quadruplets, QuadrupletSampler, Roles
from sadal_core.training.metric.config import MetricConfig, Phase
from sadal_core.training.metric.sources import Source
from sadal_core.training.metric.steps import (
    Batch,
    Players,
    generator_step,
    joint_step,
    metric_step,
)


class StepTerms(NamedTuple):
    """Unweighted terms of each quadruplet; None for a player that had no turn."""

    generator: GeneratorTerms | None
    metric: MetricTerms | None

    def by_name(self) -> dict[str, Tensor]:
        """The terms of those who had a turn."""
        return {
            name: values
            for terms in self
            if terms is not None
            for name, values in terms._asdict().items()
        }


@dataclass
class Tally:
    """Sums over the quadruplets of an epoch so far, by term.

    Attributes:
        sums: of the unweighted terms.
        active: how many quadruplets had the term above 0.
        counts: how many quadruplets.
    """

    sums: dict[str, float] = field(default_factory=dict)
    active: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, terms: StepTerms) -> None:
        """Count one batch."""
        for name, values in terms.by_name().items():
            self.sums[name] = self.sums.get(name, 0.0) + float(values.double().sum())
            self.active[name] = self.active.get(name, 0) + int((values > 0).sum())
            self.counts[name] = self.counts.get(name, 0) + len(values)

    def means(self) -> dict[str, float]:
        """Mean of each term, and the share of quadruplets in which it is above 0."""
        means = {name: total / self.counts[name] for name, total in self.sums.items()}
        shares = {f"{name}_active": n / self.counts[name] for name, n in self.active.items()}
        return means | shares


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

    def batch(self) -> Batch:
        """The next batch: a function of the seed and of the steps done alone."""
        epoch, place = divmod(self.step, self.steps_per_epoch)
        if self._drawn is None or self._drawn[0] != epoch:
            self._drawn = epoch, self.sampler.epoch(epoch)
        start = place * self.config.batch_size
        rows = Quadruplets(*(c[start : start + self.config.batch_size] for c in self._drawn[1]))
        rng = np.random.default_rng((self.config.seed, epoch, place))
        features = self.source.varied(np.concatenate(rows), rng)
        x = self.players.model.standardise(features.to(self.players.model.mean.device))
        ages = torch.from_numpy(self.sampler.ages).to(x)
        i, j, k, l = (torch.from_numpy(column) for column in rows)  # noqa: E741
        similarity = self.config.objective.similarity
        q = Negatives(similarity(ages[i] - ages[k]), similarity(ages[j] - ages[l]))
        return Batch(Roles(*x.chunk(4)), q)

    def advance(self) -> StepTerms:
        """Do the next batch: the turns that the phase of its epoch gives to the players."""
        config, phase = self.config, self.config.phase(self.epoch)
        batch, objective = self.batch(), config.objective
        made: tuple[GeneratorTerms | None, MetricTerms | None] = (None, None)
        if phase is Phase.GENERATOR:
            made = generator_step(self.players, batch, objective), None
        elif phase is Phase.METRIC or config.generator == "none":
            made = None, metric_step(self.players, batch, objective, synthetic=False)
        elif config.grad == "joint":
            made = joint_step(self.players, batch, objective)
        else:
            first = generator_step(self.players, batch, objective)
            made = first, metric_step(self.players, batch, objective, synthetic=True)
        terms = StepTerms(*made)
        self.tally.add(terms)
        self.step += 1
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


def start_run(
    source: Source, config: MetricConfig, *, model: MetricModel | None = None
) -> MetricRun:
    """A run at its first batch.

    Args:
        source: training faces.
        config: settings.
        model: a metric to go on learning from; by default one with fresh weights, drawn from the
            seed, that standardises features to those of `source`.

    Raises:
        ConfigError: the margin cannot be met at the largest gap of an age negative.
        DataError: ages that cannot be used, or fewer quadruplets than a batch takes.
    """
    sampler = QuadrupletSampler(source.ages, age_window=config.age_window, seed=config.seed)
    largest = int(np.ptp(sampler.ages))
    config.objective.check_feasible(min(config.age_window or largest, largest))
    if sampler.report.anchors < config.batch_size:
        raise DataError(
            f"{sampler.report.anchors} faces can be the anchor of a quadruplet, and a batch takes "
            f"{config.batch_size}. Give more faces or a smaller batch_size."
        )
    if model is None:
        model = _fresh(source, config)
    groups = [
        {"params": list(model.head.parameters()), "lr": config.learning_rate},
        {"params": _backbone_parameters(source), "lr": config.backbone_rate},
    ]
    metric = torch.optim.AdamW(
        [group for group in groups if group["params"]], weight_decay=config.weight_decay
    )
    return MetricRun(config, source, sampler, Players(model, metric, _generators(model, config)))


def _fresh(source: Source, config: MetricConfig) -> MetricModel:
    features = source.plain(np.arange(len(source.ages)))
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        model = MetricModel(
            features.shape[1], dim=config.dim, generator=config.generator, hidden=config.hidden
        )
    model.to(features.device).standardise_to(features)
    return model


def _backbone_parameters(source: Source) -> list[torch.nn.Parameter]:
    return [] if source.backbone is None else list(source.backbone.parameters())


def _generators(model: MetricModel, config: MetricConfig) -> torch.optim.Optimizer | None:
    if model.generator is None or isinstance(model.generator.net, Midpoint):
        return None
    return torch.optim.AdamW(
        model.generator.parameters(), lr=config.generator_rate, weight_decay=config.weight_decay
    )


def _part(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
