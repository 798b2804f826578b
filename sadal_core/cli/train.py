"""Train a stage of the model; the same command goes on with a stopped run.

The age stage trains the backbone and its age head. The metric stage starts from a model of the
age stage and trains SADAL's metric and generator, then fits the rankers. The generator stage trains
a generator of another kind against a finished metric, to be compared with the metric's own.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from sadal_core.backbones.mobilefacenet import load_face_weights, start_from
from sadal_core.cli import train_metric
from sadal_core.cli.control import become_control
from sadal_core.cli.datasets import (
    add_data_arguments,
    add_model_argument,
    crop_spec,
    load_crops,
)
from sadal_core.cli.provenance import provenance
from sadal_core.cli.train_generator import generator_stage
from sadal_core.cli.train_metric import age_stage
from sadal_core.errors import ConfigError
from sadal_core.files import sha256
from sadal_core.manifest import entry
from sadal_core.model import AgeModel
from sadal_core.settings import overridden
from sadal_core.training.config import TrainConfig
from sadal_core.training.distributed import check_shares, leads
from sadal_core.training.loop import Origin, fit
from sadal_core.weights import load_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `train`."""
    add_data_arguments(parser)
    parser.add_argument("--stage", choices=list(_STAGES), default="age")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR",
        help="folder of the run: checkpoints, metrics.jsonl and, at the end, model/",
    )  # fmt: skip
    parser.add_argument(
        "--init", type=Path, metavar="PATH",
        help="age stage: what to start from: face-recognition weights (a file), or a finished "
        "model of the same or of a narrower backbone (a folder)",
    )  # fmt: skip
    add_model_argument(parser, "metric stage: model whose backbone makes the features")
    parser.add_argument(
        "--teacher", type=Path, nargs="+", default=[], metavar="DIR",
        help="age stage: finished models to follow, by the setting distillation",
    )  # fmt: skip
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", dest="settings",
        help="settings of the run, such as epochs=3 (see TrainConfig and MetricConfig)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Train to the end and say what came of it."""
    said = _STAGES[options.stage](options)
    if leads():
        print(said)
    return 0


def _measured(manifest: dict[str, Any], options: argparse.Namespace) -> str:
    metrics = manifest["metrics"]
    low, high = metrics["interval"]
    return (
        f"validation MAE {metrics['mae']:.2f} years (95 % interval {low:.2f} to {high:.2f}), "
        f"CS(5) {metrics['cs5']:.1f} %; the model is in {options.out / 'model'}"
    )


def _metric_stage(options: argparse.Namespace) -> str:
    return _measured(train_metric.metric_stage(options), options)


def _age_stage(options: argparse.Namespace) -> str:
    config = overridden(TrainConfig(), options.settings)
    check_shares(config.batch_size)  # before faces are cropped
    taught = [load_model(folder) for folder in options.teacher]
    start = _start(options.init, config)
    parts = load_crops(options, crop_spec(config.backbone))
    for _, manifest in [*taught, *([start] if start else [])]:
        _check_split(manifest, config, [crops.dataset for crops in parts])
    extra = [f"--init {_run_name(options.init)}"] if options.init else []
    if options.teacher:
        extra += ["--teacher", *(_run_name(folder) for folder in options.teacher)]
    about = {
        **provenance("train", options, extra=" ".join(extra)),
        "initialisation": _initialisation(options.init, start),
        "teachers": [_teacher(*row) for row in zip(options.teacher, taught, strict=True)],
    }
    with tqdm(desc="train", unit="step", smoothing=0.05, disable=not leads()) as bar:
        manifest = fit(
            parts,
            config,
            options.out,
            origin=Origin(
                partial(_initialise, path=options.init, start=start), [model for model, _ in taught]
            ),
            # Without a GPU the network itself needs every core.
            workers=options.workers if torch.cuda.is_available() else 0,
            about=about,
            progress=partial(_show, bar),
        )
    return _measured(manifest, options)


def _run_name(folder: Path) -> str:
    """`age` of `runs/age/model`."""
    return folder.parent.name if folder.name == "model" else folder.name


def _teacher(folder: Path, loaded: tuple[AgeModel, dict[str, Any]]) -> dict[str, Any]:
    """What the manifest says about a teacher: enough to train it again."""
    said = ("command", "revision", "initialisation", "config", "metrics", "sha256")
    return {"name": _run_name(folder), **{key: loaded[1].get(key) for key in said}}


Loaded = tuple[AgeModel, dict[str, Any]]


def _start(path: Path | None, config: TrainConfig) -> Loaded | None:
    """The finished model that a run starts from, or None where it starts from a file or afresh.

    Raises:
        DataError: a later stage has changed its backbone, so that its age head does not fit it.
        WeightsError: there is no model, or one of another backbone.
    """
    if path is None or not path.is_dir():
        return None
    model, manifest = load_model(path)
    become_control(model, manifest)
    start_from(AgeModel(config.backbone).backbone, model.backbone)  # refused before faces are read
    return model, manifest


def _check_split(manifest: dict[str, Any], config: TrainConfig, datasets: list[str]) -> None:
    """Refuse to measure on faces that a start or a teacher has learned from.

    Raises:
        ConfigError: it held out other faces of a data set of this run.
    """
    common = {row["dataset"] for row in entry(manifest, "data")} & set(datasets)
    split = {"fraction": config.validation_fraction, "seed": config.seed}
    if common and entry(manifest, "split") != split:
        raise ConfigError(
            f"A model given by --init or --teacher held out other faces of {min(common)} than this "
            "run would, which would be measured on faces it has learned from. Use the settings "
            f"seed={manifest['split']['seed']} and "
            f"validation_fraction={manifest['split']['fraction']:g}."
        )


def _initialisation(path: Path | None, start: Loaded | None) -> dict[str, Any] | None:
    """What the manifest says about where a run started."""
    if path is None:
        return None
    if start is None:
        return {"file": path.name, "sha256": sha256(path)}
    manifest = start[1]
    return {"name": _run_name(path), **age_stage(manifest), "sha256": manifest["sha256"]}


def _initialise(model: AgeModel, *, path: Path | None, start: Loaded | None) -> None:
    if start is not None:
        start_from(model.backbone, start[0].backbone)
        model.head.load_state_dict(start[0].head.state_dict())
    elif path is not None:
        load_face_weights(model.backbone, path)


def _show(bar: Any, done: int, total: int, text: str) -> None:
    bar.total = total
    bar.set_description(text, refresh=False)
    bar.update(done - bar.n)


_STAGES = {"age": _age_stage, "metric": _metric_stage, "generator": generator_stage}
