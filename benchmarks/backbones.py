r"""Milliseconds of the backbones on one core, and what smaller numbers cost in error; writes JSON.

    .venv/bin/python benchmarks/backbones.py --data utkface.zip \
        --out results/benchmark-backbones.json

Every registered backbone is timed on one face in ONNX Runtime and in PyTorch, whose speed does not
depend on the weights. The bundled one also runs with bfloat16 in PyTorch and with int8 in ONNX
Runtime (calibrated on faces that were trained on), and reads the ages of the held-out faces in
every form.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # as `sadal_core.onnx_backbone` says

import onnxruntime  # noqa: E402
import torch  # noqa: E402
from onnxruntime.quantization import (  # noqa: E402
    CalibrationDataReader,
    QuantFormat,
    quant_pre_process,
    quantize_static,
)
from tqdm import tqdm  # noqa: E402

from benchmarks.recorded import data_parser, recorded  # noqa: E402
from sadal_core.backbones import BACKBONES  # noqa: E402
from sadal_core.cli.datasets import load_crops  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.data.crops import Crops  # noqa: E402
from sadal_core.data.splits import Split  # noqa: E402
from sadal_core.errors import DataError  # noqa: E402
from sadal_core.evaluation.metrics import mae  # noqa: E402
from sadal_core.manifest import BUNDLED_MODEL, ONNX, entry  # noqa: E402
from sadal_core.model import AgeModel, Engine  # noqa: E402
from sadal_core.onnx_backbone import write_onnx  # noqa: E402
from sadal_core.weights import load_model  # noqa: E402

_ROUNDS = 200
_WARM_UP = 5
_CALIBRATION_FACES = 256
_BATCH = 32


class Faces(CalibrationDataReader):
    """Faces that were trained on, one at a time, as the quantisation wants them."""

    def __init__(self, inputs: torch.Tensor) -> None:
        self._left = iter(inputs.split(1))

    def get_next(self) -> Any:
        """The next face, or None after the last."""
        face = next(self._left, None)
        return None if face is None else {"faces": face.contiguous().numpy()}


def in_onnx(path: Path) -> Engine:
    """A network of a file, on one core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def engine(faces: torch.Tensor) -> torch.Tensor:
        (made,) = session.run(None, {"faces": faces.contiguous().numpy()})
        return torch.from_numpy(made)

    return engine


def in_bfloat16(backbone: torch.nn.Module) -> Engine:
    """A network in PyTorch with 16-bit numbers."""

    def engine(faces: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return backbone(faces).float()

    return engine


def quantised(source: Path, inputs: torch.Tensor, folder: Path) -> Path:
    """The network of a file in int8, calibrated on `inputs`."""
    prepared, made = folder / "prepared.onnx", folder / "int8.onnx"
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    quantize_static(
        str(prepared), str(made), Faces(inputs), quant_format=QuantFormat.QDQ, per_channel=True
    )
    return made


@torch.inference_mode()
def milliseconds(engines: Mapping[str, tuple[Engine, int]]) -> dict[str, float]:
    """Median time of one face in each engine, which reads faces of so many pixels.

    They take turns, so that other work on the machine falls on all of them alike.
    """
    times: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(_ROUNDS + _WARM_UP):
        for name, (engine, side) in engines.items():
            face = torch.zeros(1, 3, side, side).contiguous(memory_format=torch.channels_last)
            start = time.perf_counter()
            engine(face)
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(taken[_WARM_UP:]) for name, taken in times.items()}


def timed_architectures(folder: Path) -> list[dict[str, Any]]:
    """Every registered backbone, with fresh weights."""
    rows, engines = [], {}
    for name, spec in BACKBONES.items():
        backbone, path, side = spec.build().eval(), folder / f"{name}.onnx", spec.crop.size
        write_onnx(backbone, side, path)
        engines |= {f"{name} onnx": (in_onnx(path), side), f"{name} torch": (backbone, side)}
        parameters = sum(weight.numel() for weight in backbone.parameters())
        rows.append({"backbone": name, "side": side, "parameters": parameters})
    times = milliseconds(engines)
    return [
        {**row, **{f"{kind}_ms": times[f"{row['backbone']} {kind}"] for kind in ("onnx", "torch")}}
        for row in rows
    ]


@torch.inference_mode()
def error(model: AgeModel, engine: Engine, crops: Crops, measured: np.ndarray) -> float:
    """MAE in years of `measured` faces, whose features `engine` makes."""
    model.engine = engine
    ages = []
    for batch in tqdm(_batches(np.flatnonzero(measured)), desc="faces"):
        features = model.features(model.spec.preprocess(crops.images[batch]))
        ages.append(model.distributions(model.logits(features))[0])
    return mae(crops.ages[measured].astype(float), np.concatenate(ages))


def _batches(positions: np.ndarray) -> Iterator[np.ndarray]:
    yield from (positions[start : start + _BATCH] for start in range(0, len(positions), _BATCH))


def measured_forms(
    model: AgeModel, crops: Crops, split: Split, onnx: Path, folder: Path
) -> list[dict[str, Any]]:
    """The bundled backbone in every form: time, size and error."""
    some = np.flatnonzero(split.train)
    some = np.random.default_rng(0).choice(some, min(_CALIBRATION_FACES, len(some)), replace=False)
    small = quantised(onnx, model.spec.preprocess(crops.images[np.sort(some)]), folder)
    megabytes = sum(4 * weight.numel() for weight in model.backbone.parameters()) / 1e6
    forms: dict[str, tuple[Engine, float]] = {
        "ONNX Runtime, float32": (in_onnx(onnx), onnx.stat().st_size / 1e6),
        "ONNX Runtime, int8": (in_onnx(small), small.stat().st_size / 1e6),
        "PyTorch, float32": (model.backbone.forward, megabytes),
        "PyTorch, bfloat16": (in_bfloat16(model.backbone), megabytes),
    }
    side = model.spec.crop.size
    times = milliseconds({name: (engine, side) for name, (engine, _) in forms.items()})
    return [
        {
            "form": name,
            "ms": times[name],
            "megabytes": size,
            "mae": error(model, engine, crops, split.validation),
        }
        for name, (engine, size) in forms.items()
    ]


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The record that is written.

    Raises:
        DataError: several data sets.
    """
    if len(options.data) > 1:
        raise DataError("The benchmark takes one data set. Give one --data PATH.")
    torch.set_num_threads(1)
    model, manifest = load_model(BUNDLED_MODEL)
    (crops,) = load_crops(options, model.spec.crop)
    split = crops.holdout(**entry(manifest, "split"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return {
            "command": f"python benchmarks/backbones.py --data {options.data[0].name}",
            "revision": revision(),
            "model": manifest["sha256"],
            "dataset": crops.dataset,
            "faces": int(split.validation.sum()),
            "cores": 1,
            "architectures": timed_architectures(folder),
            "forms": measured_forms(model, crops, split, BUNDLED_MODEL / ONNX, folder),
        }


def lines(record: dict[str, Any]) -> Iterator[str]:
    """One per architecture and form."""
    yield from map(str, record["architectures"] + record["forms"])


def main() -> int:
    """Measure, write and print."""
    return recorded(data_parser(__doc__), measure, lines)


if __name__ == "__main__":
    sys.exit(main())
