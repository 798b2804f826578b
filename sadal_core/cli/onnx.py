"""Write a model's backbone for ONNX Runtime, which estimates then use."""

import argparse

from sadal_core.cli.datasets import add_model_argument
from sadal_core.files import sha256, write_json
from sadal_core.kept import sealed
from sadal_core.manifest import MANIFEST, ONNX
from sadal_core.onnx_backbone import write_onnx
from sadal_core.weights import load_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `onnx`."""
    add_model_argument(parser, "folder of the model, to which the file is added")


def run(options: argparse.Namespace) -> int:
    """Write the file, and its hash into the manifest."""
    model, manifest = load_model(options.model)
    path = options.model / ONNX
    write_onnx(model.backbone, model.spec.crop.size, path)
    write_json(options.model / MANIFEST, sealed({**manifest, "onnx_sha256": sha256(path)}))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0
