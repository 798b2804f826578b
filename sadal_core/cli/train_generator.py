"""The generator alone, against a finished metric, as `train --stage generator` runs it."""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from sadal_core.cli.datasets import load_crops
from sadal_core.cli.provenance import provenance
from sadal_core.cli.train_metric import Shown, progress_bar, sides_of
from sadal_core.errors import ConfigError, DataError
from sadal_core.generator_file import save_generator
from sadal_core.manifest import entry
from sadal_core.metric import MetricModel
from sadal_core.settings import overridden
from sadal_core.training.distributed import check_shares, leads
from sadal_core.training.finish import SplitSettings
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.loop import fit_metric
from sadal_core.training.metric.observe import Probe
from sadal_core.training.metric.run import MetricRun
from sadal_core.training.metric.sources import StoredFeatures
from sadal_core.training.metric.start import start_run
from sadal_core.weights import load_model

LEARNED = ("mlp", "linear")
_EPOCHS = 10  # as many as the bundled generator has learned for


def generator_stage(options: argparse.Namespace) -> str:
    """Train a generator of another kind while the metric stays; says where it is.

    Raises:
        ConfigError: the model has no metric, or the settings would change the metric.
    """
    model, manifest = load_model(options.model)
    if model.metric is None:
        raise ConfigError("This model has no metric. Train one first: --stage metric.")
    learned = MetricConfig(**entry(manifest, "config"))
    own = replace(
        learned,
        metric_epochs=0,
        generator_epochs=_EPOCHS,
        alternating_epochs=0,
        backbone="frozen",
        generator=learned.generator if learned.generator in LEARNED else LEARNED[0],
    )
    config = overridden(own, options.settings)
    if config.generator not in LEARNED:
        raise ConfigError(f"A generator {config.generator!r} has nothing to learn.")
    if config.metric_epochs or config.alternating_epochs or config.backbone != "frozen":
        raise ConfigError("The metric stays in this stage: only generator_epochs may be set.")
    check_shares(config.batch_size)  # before faces are cropped
    _check_folder(options.out, manifest["sha256"])
    parts = load_crops(options, model.spec.crop)
    sides = sides_of(options, model, parts, SplitSettings(**entry(manifest, "split")))
    train, held_out = (StoredFeatures(side) for side in sides)
    about: dict[str, Any] = {
        **provenance("train", options, extra="--stage generator"),
        "model": manifest["sha256"],
    }
    run = start_run(train, config, model=_with_generator(model.metric, config))
    _fit(run, held_out, options, about)
    path = options.out / f"{config.generator}.safetensors"
    assert run.players.model.generator is not None
    if leads():
        save_generator(
            path, run.players.model.generator, features=len(model.metric.mean),
            hidden=config.hidden, about={**about, "config": asdict(config)},
        )  # fmt: skip
    return f"the generator is in {path}"


def _check_folder(folder: Path, model: str) -> None:
    """Refuse to go on with a run against another metric.

    Raises:
        DataError: the folder holds one.
    """
    try:
        owner = json.loads((folder / "config.json").read_text("utf-8")).get("model")
    except FileNotFoundError:
        return
    except (OSError, ValueError, AttributeError):
        owner = None
    if owner != model:
        raise DataError(
            f"{folder} holds a run against another model. Choose another --out folder, or delete "
            "this one."
        )


def _with_generator(metric: MetricModel, config: MetricConfig) -> MetricModel:
    """The same metric with a fresh generator of the kind that is wanted."""
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        shape = metric.shape() | {"generator": config.generator, "hidden": config.hidden}
        other = MetricModel(**shape)
    other.head.load_state_dict(metric.head.state_dict())
    other.mean.copy_(metric.mean)
    other.scale.copy_(metric.scale)
    return other


def _fit(
    run: MetricRun, held_out: StoredFeatures, options: argparse.Namespace, about: dict[str, Any]
) -> None:
    with progress_bar(run) as bar:
        fit_metric(
            run, held_out, options.out, probe=Probe.draw(run.sampler), callbacks=(Shown(bar),),
            about=about,
        )  # fmt: skip
