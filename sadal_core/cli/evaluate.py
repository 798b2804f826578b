"""Measure a model on a data set under a protocol, into a result file."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sadal_core.cli.control import become_control
from sadal_core.cli.datasets import (
    add_data_arguments,
    add_model_argument,
    feature_sets,
    load_crops,
)
from sadal_core.cli.provenance import provenance
from sadal_core.data.crops import Crops
from sadal_core.errors import ConfigError, DataError
from sadal_core.evaluation.groups import group_rows
from sadal_core.evaluation.protocols import PROTOCOLS, Measured, Progress
from sadal_core.evaluation.report import measured
from sadal_core.experiments.lopo import (
    FOLD,
    READOUTS,
    check_readout,
    leave_one_person_out,
    person_splits,
)
from sadal_core.experiments.tuned_folds import tuned_folds
from sadal_core.experiments.tuning import TUNING
from sadal_core.files import write_json
from sadal_core.manifest import entry
from sadal_core.model import AgeModel
from sadal_core.weights import load_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `evaluate`."""
    add_data_arguments(parser)
    parser.add_argument(
        "--protocol", choices=[*PROTOCOLS, "lopo"], required=True,
        help="holdout: faces held out in training; unseen: all faces of a data set the model "
        "never saw; lopo: leave one person out, with an age readout learned from the others",
    )  # fmt: skip
    parser.add_argument(
        "--readout", choices=list(READOUTS), default="sadal",
        help="lopo: what is learned above the backbone in every fold; head, with --tune: nothing "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--tune", action="store_true",
        help="lopo: also learn the last stages of the backbone in every fold",
    )  # fmt: skip
    parser.add_argument(
        "--control", action="store_true",
        help="read ages with the head of the age stage, not with the metric and its ranker",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    add_model_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Measure, write the result file, and print its main figures."""
    if len(options.data) > 1:
        raise DataError("evaluate measures one data set at a time. Give one --data PATH.")
    if options.tune and options.protocol != "lopo":
        raise ConfigError("--tune goes with --protocol lopo: elsewhere nothing is learned.")
    if options.protocol == "lopo":
        check_readout(options.readout, tuned=options.tune)
    model, manifest = load_model(options.model)
    if options.control:
        become_control(model, manifest)
    (crops,) = load_crops(options, model.spec.crop)
    if options.protocol == "lopo":
        result = _left_out(options, model, crops)
    else:
        with _bar(crops.dataset, options.protocol) as progress:
            result = PROTOCOLS[options.protocol](model, manifest, crops, progress)
    record = _record(options, crops, manifest, result)
    write_json(options.out, record)
    _print(record)
    return 0


def _left_out(options: argparse.Namespace, model: AgeModel, crops: Crops) -> Measured:
    person_splits(crops)  # whoever is unknown is better missed before anything is computed
    (faces,) = feature_sets(options, model, [crops])
    tuned, workers = None, options.workers
    if options.tune:
        folder = options.cache / options.data[0].stem / "tuned"
        with _bar(crops.dataset, "tuning") as progress:
            tuned = tuned_folds(model, crops, faces, folder, progress, workers=workers)
    with _bar(crops.dataset, "lopo") as progress:
        return leave_one_person_out(
            model, crops, faces, options.readout, progress, tuned=tuned, workers=workers
        )


@contextmanager
def _bar(dataset: str, what: str) -> Iterator[Progress]:
    """A bar on the terminal, moved by whoever is told."""
    with tqdm(desc=f"{dataset}: {what}", unit="fold") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def _record(
    options: argparse.Namespace, crops: Crops, manifest: dict[str, Any], result: Measured
) -> dict[str, Any]:
    figures = measured(result.predictions, result.units, result.train_ages)
    lopo = options.protocol == "lopo"
    words = [f"--protocol {options.protocol}"]
    words += [f"--readout {options.readout}"] if lopo else []
    words += ["--tune"] if options.tune else []
    words += ["--control"] if options.control else []
    return {
        **provenance("evaluate", options, extra=" ".join(words)),
        "protocol": options.protocol,
        "readout": options.readout if lopo else "control" if options.control else "model",
        "settings": asdict(FOLD) if lopo and options.readout == "sadal" else {},
        "tuning": asdict(TUNING) if options.tune else {},
        "dataset": crops.dataset,
        "labels_sha256": crops.labels,
        "n_without_face": len(crops.missing),
        "model": {k: entry(manifest, k) for k in ("sha256", "revision", "backbone", "config")},
        **figures["metrics"],
        "bands": figures["bands"],
        "groups": group_rows(result.predictions, result.units, result.samples),
    }


def _print(record: dict[str, Any]) -> None:
    low, high = record["interval"]
    print(
        f"{record['dataset']}, {record['protocol']}: MAE {record['mae']:.2f} years "
        f"(95 % interval {low:.2f} to {high:.2f}), CS(5) {record['cs5']:.1f} %, "
        f"80 % intervals hold {100 * record['coverage80']:.1f} %, {record['n']} faces"
    )
    for band in record["bands"]:
        print(
            f"  ages {band['low']:2d}-{band['high']:<3d} MAE {band['mae']:5.2f}  "
            f"bias {band['bias']:+6.2f}  n {band['n']}"
        )
    for row in record["groups"]:
        print(
            f"  {row['attribute']} {row['value']:8s} MAE {row['mae']:5.2f}  "
            f"bias {row['bias']:+6.2f}  n {row['n']}"
        )
