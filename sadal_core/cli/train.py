"""Train the backbone and its age head; the same command goes on with a stopped run."""

import argparse
import platform
import subprocess
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sadal_core.backbones.mobilefacenet import load_face_weights
from sadal_core.cli.datasets import add_data_arguments, crop_spec, load_crops
from sadal_core.files import sha256
from sadal_core.model import AgeModel
from sadal_core.settings import overridden
from sadal_core.training.config import TrainConfig
from sadal_core.training.loop import fit

_PACKAGES = ("torch", "torchvision", "numpy", "mediapipe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `train`."""
    add_data_arguments(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR",
        help="folder of the run: checkpoints, metrics.jsonl and, at the end, model/",
    )  # fmt: skip
    parser.add_argument(
        "--init", type=Path, metavar="FILE", help="face-recognition weights to start from"
    )
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", dest="settings",
        help="settings of the run, such as epochs=3 (see TrainConfig)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Train to the end and say what came of it."""
    config = overridden(TrainConfig(), options.settings)
    parts = load_crops(options, crop_spec(config.backbone))
    with tqdm(desc="train", unit="step", smoothing=0.05) as bar:
        manifest = fit(
            parts,
            config,
            options.out,
            initialise=partial(_initialise, path=options.init),
            about=_about(options),
            progress=partial(_show, bar),
        )
    metrics = manifest["metrics"]
    low, high = metrics["interval"]
    print(
        f"validation MAE {metrics['mae']:.2f} years (95 % interval {low:.2f} to {high:.2f}), "
        f"CS(5) {metrics['cs5']:.1f} %; the model is in {options.out / 'model'}"
    )
    return 0


def _initialise(model: AgeModel, *, path: Path | None) -> None:
    if path is not None:
        load_face_weights(model.backbone, path)


def _show(bar: Any, done: int, total: int, text: str) -> None:
    bar.total = total
    bar.set_description(text, refresh=False)
    bar.update(done - bar.n)


def _about(options: argparse.Namespace) -> dict[str, Any]:
    """Where a run comes from: data, initial weights, code and versions; no path of the machine."""
    settings = " ".join(options.settings)
    return {
        "command": "python -m sadal_core train --data "
        + " ".join(path.name for path in options.data)
        + (f" --init {options.init.name}" if options.init else "")
        + (f" --set {settings}" if settings else ""),
        "initialisation": (
            {"file": options.init.name, "sha256": sha256(options.init)} if options.init else None
        ),
        "revision": _revision(),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in _PACKAGES},
    }


def _revision() -> str:
    """The git revision of the code, marked where it was changed since; "unknown" without git."""
    here = Path(__file__).parent
    command = ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        print("No git revision is known for this code; the manifest says so.", file=sys.stderr)
        return "unknown"
