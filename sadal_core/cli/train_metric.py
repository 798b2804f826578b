"""The metric stage as `train --stage metric` runs it."""

import argparse
from dataclasses import asdict
from typing import Any

from tqdm import tqdm

from sadal_core.cli.datasets import feature_sets, load_crops
from sadal_core.cli.provenance import provenance
from sadal_core.data.crops import Crops
from sadal_core.features import FeatureSet, joined
from sadal_core.manifest import entry
from sadal_core.model import AgeModel
from sadal_core.settings import overridden
from sadal_core.training.distributed import check_shares, leads, of_first
from sadal_core.training.faces import face_sets
from sadal_core.training.finish import SplitSettings
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.finish import finish_metric
from sadal_core.training.metric.loop import fit_metric
from sadal_core.training.metric.observe import Probe, Sight
from sadal_core.training.metric.run import MetricRun
from sadal_core.training.metric.snapshots import Snapshots
from sadal_core.training.metric.sources import LiveFaces, Source, StoredFeatures
from sadal_core.training.metric.start import start_run
from sadal_core.training.metric.terms import StepTerms
from sadal_core.weights import load_model


def metric_stage(options: argparse.Namespace) -> dict[str, Any]:
    """Train the metric on the features of `options.model`; the manifest of the whole model."""
    config = overridden(MetricConfig(), options.settings)
    check_shares(config.batch_size)  # before faces are cropped
    model, manifest = load_model(options.model)
    model.metric = model.ranker = None
    parts = load_crops(options, model.spec.crop)
    split = SplitSettings(**entry(manifest, "split"))
    about = {
        **provenance("train", options, extra="--stage metric"),
        "config": asdict(config),
        "age_stage": age_stage(manifest),
    }
    if config.backbone == "tuned":
        train, held_out = (LiveFaces(model, side) for side in face_sets(parts, **split._asdict()))
        run = _fitted(train, held_out, config, options, about)
        sides = sides_of(options, model, parts, split)  # of the backbone as it is now
    else:
        sides = sides_of(options, model, parts, split)
        train, held_out = (StoredFeatures(side) for side in sides)
        run = _fitted(train, held_out, config, options, about)
    metric = run.players.model
    folder = options.out / "model"
    return of_first(lambda: finish_metric(model, metric, sides, parts, split, folder, about=about))


def age_stage(manifest: dict[str, Any]) -> dict[str, Any]:
    """What the manifest of a later stage keeps of the age stage's, of whichever `manifest` is."""
    needed = ("command", "initialisation", "revision", "config", "temperature", "metrics")
    kept = {key: manifest[key] for key in ("calibration",) if key in manifest}
    return manifest.get("age_stage") or {key: entry(manifest, key) for key in needed} | kept


def sides_of(
    options: argparse.Namespace, model: AgeModel, parts: list[Crops], split: SplitSettings
) -> tuple[FeatureSet, FeatureSet]:
    """Features of the training and of the held-out faces."""
    made = feature_sets(options, model, parts)
    splits = [crops.holdout(**split._asdict()) for crops in parts]
    train = joined([part.select(s.train) for part, s in zip(made, splits, strict=True)])
    held = joined([part.select(s.validation) for part, s in zip(made, splits, strict=True)])
    return train, held


def _fitted(
    train: Source,
    held_out: Source,
    config: MetricConfig,
    options: argparse.Namespace,
    about: dict[str, Any],
) -> MetricRun:
    run = start_run(train, config)
    report = run.sampler.report
    _say(
        f"{report.anchors} of {report.samples} faces can be an anchor; "
        f"{report.no_positive} have nobody of their age, {report.no_younger} nobody younger, "
        f"{report.no_older} nobody older"
    )
    probe = Probe.draw(run.sampler)
    snapshots = Snapshots(options.out / "snapshots")
    with progress_bar(run) as bar:
        shown = (snapshots, Shown(bar))
        fit_metric(run, held_out, options.out, probe=probe, callbacks=shown, about=about)
    _say(f"kept the weights of epoch {run.best.epoch + 1}")
    return run


def _say(text: str) -> None:
    """Print once, however many processes train."""
    if leads():
        print(text)


def progress_bar(run: MetricRun) -> Any:
    """Of the steps of a run; the first process shows it."""
    total = run.config.epochs * run.steps_per_epoch
    return tqdm(total=total, unit="step", smoothing=0.05, disable=not leads())


class Shown:
    """Progress of a metric run on the terminal."""

    def __init__(self, bar: Any) -> None:
        self.bar = bar

    def on_step_end(self, run: MetricRun, terms: StepTerms) -> None:
        """Move the bar."""
        self.bar.update(run.step - self.bar.n)

    def on_epoch_end(self, run: MetricRun, sight: Sight, record: dict[str, Any]) -> None:
        """Say how the epoch went, and what the detectors found."""
        text = (
            f"epoch {record['epoch'] + 1}/{run.config.epochs} ({record['phase']}) "
            f"held-out neighbours' MAE {record['validation_mae']:.2f} years, "
            f"order {record['validation_order_correlation']:.3f}"
        )
        self.bar.write(" ".join([text, *record["alarms"]]))
