"""The first state of a metric run: what is refused, fresh networks, and their optimizers."""

import numpy as np
import torch

from sadal_core.errors import DataError
from sadal_core.generator import Midpoint
from sadal_core.metric import MetricModel
from sadal_core.quadruplets import QuadrupletSampler
from sadal_core.training.distributed import averaging, check_shares
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.run import MetricRun
from sadal_core.training.metric.sources import Source
from sadal_core.training.metric.steps import Players


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
        ConfigError: the margin cannot be met at the largest gap of an age negative, or a batch
            cannot be shared evenly by the processes.
        DataError: ages that cannot be used, or fewer quadruplets than a batch takes.
    """
    check_shares(config.batch_size)
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
    generator = _generators(model, config)
    players = Players(model, metric, generator, averaging(metric), averaging(generator))
    return MetricRun(config, source, sampler, players)


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
