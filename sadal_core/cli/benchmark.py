"""Compare age estimators: the same faces, folds, features and budget for every method."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from sadal_core.cli.datasets import add_data_arguments, add_model_argument, load_crops
from sadal_core.cli.inputs import method_inputs, other_populations
from sadal_core.cli.provenance import provenance
from sadal_core.comparison.faces import appended
from sadal_core.comparison.folds import INNER_SHARE
from sadal_core.comparison.protocols import LEAKY, PROTOCOLS
from sadal_core.comparison.run import Comparison
from sadal_core.comparison.table import FORMAT, comma_separated, markdown, rows
from sadal_core.files import replacing, sha256, write_json
from sadal_core.manifest import entry
from sadal_core.methods import METHODS
from sadal_core.methods.method import CANDIDATES
from sadal_core.settings import check_choice
from sadal_core.weights import load_model

_NO_FACE_WEIGHTS = (
    "needs the weights of a face recognition network that never saw an age (--face-weights)"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `benchmark`."""
    add_data_arguments(parser)
    parser.add_argument(
        "--protocol", choices=list(PROTOCOLS), required=True,
        help="lopo: leave one person out; holdout: faces held out when the features were learned; "
        "subject_exclusive: five folds over persons; random: five folds over pictures (leaky)",
    )  # fmt: skip
    parser.add_argument(
        "--methods", default="all", metavar="A,B",
        help=f"all (default), or some of: {', '.join(METHODS)}",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR",
        help="folder of comparison-DATA-PROTOCOL.json, .md and .csv",
    )  # fmt: skip
    parser.add_argument(
        "--also", type=Path, nargs="+", default=[], metavar="PATH",
        help="further data sets, for methods that learn from several populations",
    )  # fmt: skip
    parser.add_argument(
        "--face-weights", type=Path, metavar="FILE",
        help="face recognition weights, for the rows on features that never saw an age",
    )  # fmt: skip
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="SEED")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/comparison"), metavar="DIR",
        help="where finished folds are kept, so that a stopped command goes on",
    )  # fmt: skip
    add_model_argument(parser, "model whose backbone makes the features")


def run(options: argparse.Namespace) -> int:
    """Do what is not done yet; write and print the table."""
    wanted = list(METHODS) if options.methods == "all" else options.methods.split(",")
    for name in wanted:
        check_choice("method", name, METHODS)
    present = [name for name in wanted if METHODS[name].reads != "identity" or options.face_weights]
    kinds = {METHODS[name].reads for name in present}
    model, manifest = load_model(options.model)
    parts = load_crops(options, model.spec.crop)
    folds = PROTOCOLS[options.protocol](parts, manifest)
    name = "-".join([*(crops.dataset for crops in parts), options.protocol])
    about = {
        "protocol": options.protocol,
        "datasets": [crops.dataset for crops in parts],
        "labels_sha256": [crops.labels for crops in parts],
        "also": [path.name for path in options.also],
        "model": {key: entry(manifest, key) for key in ("sha256", "revision", "backbone")},
        "face_weights": sha256(options.face_weights) if options.face_weights else None,
    }
    comparison = Comparison(
        appended(method_inputs(options, model, parts, kinds)),
        other_populations(options, model, manifest) if options.also else None,
        folds,
        options.seeds,
        about,
        options.runs / name,
    )
    with tqdm(total=len(present) * len(folds), desc="folds", unit="fold") as bar:
        results = comparison.run(present, workers=options.workers, progress=bar.update)
    measured = np.concatenate([np.flatnonzero(fold.split.validation) for fold in folds])
    record = {
        "format": FORMAT,
        **provenance("benchmark", options, extra=_words(options)),
        **about,
        "leaky": options.protocol in LEAKY,
        "seeds": options.seeds,
        "candidates": CANDIDATES,
        "inner_share": INNER_SHARE,
        "faces": len(measured),
        "units": len(np.unique(comparison.faces.units[measured])),
        "rows": rows(results, comparison.faces, folds),
        "absent": [
            {"method": absent, "title": METHODS[absent].title, "why": _NO_FACE_WEIGHTS}
            for absent in wanted
            if absent not in present
        ],
    }
    _write(options.out / f"comparison-{name}", record)
    print(markdown(record))
    return 0


def _words(options: argparse.Namespace) -> str:
    """The options that decide about the result, without paths."""
    words = [f"--protocol {options.protocol}", f"--methods {options.methods}"]
    if options.also:
        words.append("--also " + " ".join(path.name for path in options.also))
    if options.face_weights:
        words.append(f"--face-weights {options.face_weights.name}")
    return " ".join(words)


def _write(stem: Path, record: dict[str, Any]) -> None:
    write_json(stem.with_suffix(".json"), record)
    for suffix, table in ((".md", markdown(record)), (".csv", comma_separated(record))):
        with replacing(stem.with_suffix(suffix)) as temporary:
            temporary.write_text(table, "utf-8")
