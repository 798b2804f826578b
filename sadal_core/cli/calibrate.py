"""Fit the calibration of a trained model anew, on the faces that were held out from it."""

import argparse
from pathlib import Path

from sadal_core.cli.datasets import add_data_arguments, add_model_argument, load_crops
from sadal_core.cli.provenance import provenance
from sadal_core.errors import DataError
from sadal_core.manifest import entry
from sadal_core.training.finish import SplitSettings, finish
from sadal_core.weights import load_model


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
    made = finish(model, parts, split, options.out, about=about)
    for row in made["calibration"]["coverage"]:
        print(
            f"{row['dataset']}: 80 % intervals hold {100 * row['cross_fitted']:.1f} % of the ages"
        )
    print(f"{options.out}; `python -m sadal_core onnx --model {options.out}` makes it fast again")
    return 0
