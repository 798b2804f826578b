"""Write a model's backbone for ONNX Runtime, which estimates then use."""

import argparse

from sadal_core.cli.datasets import add_model_argument
from sadal_core.manifest import ONNX
from sadal_core.onnx_backbone import write_onnx
from sadal_core.weights import load_model, note_onnx


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `onnx`."""
    add_model_argument(parser, "folder of the model, to which the file is added")


def run(options: argparse.Namespace) -> int:
    """Write the file, and its hash into the manifest."""
    model, _ = load_model(options.model)
    path = options.model / ONNX
    write_onnx(model.backbone, model.spec.crop.size, path)
    note_onnx(options.model)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0
