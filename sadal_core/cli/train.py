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

from sadal_core.cli import train_metric
from sadal_core.cli.datasets import (
    add_data_arguments,
    add_model_argument,
    crop_spec,
    load_crops,
)
from sadal_core.cli.origin import (
    check_split,
    described_start,
    described_teacher,
    initialise,
    load_start,
    run_name,
)
from sadal_core.cli.provenance import provenance
from sadal_core.cli.train_generator import generator_stage
from sadal_core.settings import overridden
from sadal_core.training.config import TrainConfig
from sadal_core.training.distributed import check_shares, leads
from sadal_core.training.loop import Origin, fit
from sadal_core.training.teachers import check_teachers
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
    teachers = [model for model, _ in taught]
    check_teachers(teachers, config)
    start = load_start(options.init, config)
    parts = load_crops(options, crop_spec(config.backbone))
    for _, manifest in [*taught, *([start] if start else [])]:
        check_split(manifest, config, [crops.dataset for crops in parts])
    extra = [f"--init {run_name(options.init)}"] if options.init else []
    if options.teacher:
        extra += ["--teacher", *(run_name(folder) for folder in options.teacher)]
    about = {
        **provenance("train", options, extra=" ".join(extra)),
        "initialisation": described_start(options.init, start),
        "teachers": [described_teacher(*row) for row in zip(options.teacher, taught, strict=True)],
    }
    with tqdm(desc="train", unit="step", smoothing=0.05, disable=not leads()) as bar:
        manifest = fit(
            parts,
            config,
            options.out,
            origin=Origin(partial(initialise, path=options.init, start=start), teachers),
            # Without a GPU the network itself needs every core.
            workers=options.workers if torch.cuda.is_available() else 0,
            about=about,
            progress=partial(_show, bar),
        )
    return _measured(manifest, options)


def _show(bar: Any, done: int, total: int, text: str) -> None:
    bar.total = total
    bar.set_description(text, refresh=False)
    bar.update(done - bar.n)


_STAGES = {"age": _age_stage, "metric": _metric_stage, "generator": generator_stage}
