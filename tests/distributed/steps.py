"""The first step of each kind, by one process, or by several that `torchrun` starts with a folder.

torchrun --nproc-per-node 2 -m tests.distributed.steps FOLDER
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sadal_core.backbones import BACKBONES
from sadal_core.model import AgeModel
from sadal_core.training.config import TrainConfig
from sadal_core.training.distributed import averaging, rank
from sadal_core.training.faces import face_sets
from sadal_core.training.group import together
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.sources import LiveFaces, Source, StoredFeatures
from sadal_core.training.metric.start import start_run
from sadal_core.training.steps import make_optimizer, set_mode, train_step
from sadal_core.training.views import Epochs
from sadal_core.training.whole_batch import as_one_batch
from tests.planted import TINY, planted_crops
from tests.planted_features import planted_features

_CROPS = planted_crops(60)
_METRIC = MetricConfig(
    batch_size=32, hidden=16, dim=8, metric_epochs=0, generator_epochs=0, alternating_epochs=1,
    synthetic=1.0, tau=0.2,
)  # fmt: skip
AGES: dict[str, dict[str, Any]] = {
    "age": {},
    "age, first stage frozen": {"frozen_stages": 1},
    "age, bfloat16": {"precision": "bfloat16"},
}
METRICS = {
    "metric": _METRIC,
    "real negatives": replace(_METRIC, alternating_epochs=0, metric_epochs=1),
    "generator": replace(_METRIC, alternating_epochs=0, generator_epochs=1),
    "generator without weights": replace(_METRIC, generator="midpoint"),
    "joint": replace(_METRIC, grad="joint"),
    "joint without weights": replace(_METRIC, grad="joint", generator="midpoint"),
    "tuned": replace(_METRIC, backbone="tuned", batch_size=8),
}
Made = dict[str, dict[str, Tensor]]


def steps() -> Made:
    """Gradients, moving statistics and terms of the whole batch after the first step, by kind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES, "tiny", TINY)
        ages = {name: _age_step(settings) for name, settings in AGES.items()}
        return ages | {name: _metric_step(config) for name, config in METRICS.items()}


def _model(dropout: float = 0.0) -> AgeModel:
    torch.manual_seed(0)
    return AgeModel("tiny", dropout=dropout)


def _age_step(settings: dict[str, Any]) -> dict[str, Tensor]:
    same = {"backbone": "tiny", "epochs": 1, "batch_size": 16, "dropout": 0.5}
    config = TrainConfig(**{"precision": "float32", **same, **settings})
    model = _model(config.dropout)
    as_one_batch(model, torch.device("cpu"))
    optimizer = make_optimizer(model, config)
    set_mode(model, config, 0)
    train, _ = face_sets([_CROPS], fraction=0.2, seed=1)
    batch = next(Epochs(train, TINY, config).batches(0))
    terms = train_step(model, batch, optimizer, config, averaged=averaging(optimizer))
    buffers = {name: value.double() for name, value in model.named_buffers()}
    return {**dict(_gradients(model)), **buffers, "terms": torch.tensor(terms)}


def _metric_step(config: MetricConfig) -> dict[str, Tensor]:
    run = start_run(_source(config), config)
    terms = run.advance().by_name()
    made = {**dict(_gradients(run.players.model)), **terms}
    if run.source.backbone is not None:
        made |= {f"backbone.{name}": value for name, value in _gradients(run.source.backbone)}
    return made


def _source(config: MetricConfig) -> Source:
    if config.backbone == "frozen":
        return StoredFeatures(planted_features())
    return LiveFaces(_model(), face_sets([_CROPS], fraction=0.2, seed=1)[0])


def _gradients(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for name, parameter in module.named_parameters():
        if parameter.grad is not None:
            yield name, parameter.grad


def main(folder: Path) -> None:
    """Write what each process has after the steps, to be held against each other."""
    with together():
        torch.save(steps(), folder / f"{rank()}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
