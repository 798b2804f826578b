"""Measure a trained model anew, and fit its calibration, on the faces held out from it."""

import argparse
from pathlib import Path

from sadal_core.cli.datasets import add_data_arguments, add_model_argument, load_crops
from sadal_core.cli.provenance import provenance
from sadal_core.cli.train_metric import sides_of
from sadal_core.errors import DataError
from sadal_core.files import replacing
from sadal_core.manifest import ONNX, entry
from sadal_core.training.finish import SplitSettings, finish
from sadal_core.training.metric.finish import best_ranker
from sadal_core.weights import load_model, note_onnx


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `calibrate`."""
    add_data_arguments(parser)
    add_model_argument(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="of the new model")


def run(options: argparse.Namespace) -> int:
    """Write the model with the new calibration, measured as at the end of its training."""
    model, manifest = load_model(options.model)
    parts = load_crops(options, model.spec.crop)
    known = entry(manifest, "data")
    if [row["labels_sha256"] for row in known] != [crops.labels for crops in parts]:
        names = " and ".join(row["dataset"] for row in known)
        raise DataError(
            "A calibration is fitted on faces held out of a model's own data. Give what it was "
            f"trained on: {names}."
        )
    split = SplitSettings(**entry(manifest, "split"))
    about = {**manifest, "calibrated": provenance("calibrate", options)}
    if model.metric is not None:
        sides = sides_of(options, model, parts, split)
        _, scores = best_ranker(model.metric, *sides, learned=model.ranker)
        about["rankers"] = [score._asdict() for score in scores]
    backbone = (options.model / ONNX).read_bytes() if "onnx_sha256" in manifest else None
    made = finish(model, parts, split, options.out, about=about)
    if backbone is not None:  # still that of the same weights
        with replacing(options.out / ONNX) as temporary:
            temporary.write_bytes(backbone)
        note_onnx(options.out)
    for row in made["calibration"]["coverage"]:
        print(
            f"{row['dataset']}: 80 % intervals hold {100 * row['cross_fitted']:.1f} % of the ages"
        )
    return 0
