"""Model folders: `model.safetensors` and `manifest.json`, written whole, checked at load."""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from sadal_core.backbones import BACKBONES
from sadal_core.bundled import REPAIR
from sadal_core.calibration import Calibration
from sadal_core.errors import ConfigError, WeightsError
from sadal_core.files import as_json, replacing, sha256, write_json
from sadal_core.kept import sealed
from sadal_core.manifest import FORMAT, MANIFEST, ONNX, WEIGHTS, check_folder
from sadal_core.manifest import load_manifest as load_manifest
from sadal_core.metric import MetricModel
from sadal_core.model import AgeModel
from sadal_core.onnx_backbone import OnnxBackbone
from sadal_core.rankers.stored import ranker_name, ranker_state, restored

_RANKER = "ranker."


def save_model(model: AgeModel, folder: Path, manifest: dict[str, Any]) -> None:
    """Write `model` and what is known about it to `folder`.

    Args:
        model: its weights, metric, ranker, temperature and calibration are stored.
        folder: created if need be.
        manifest: config, data, metrics and so on; `backbone`, `metrics` and `bands` are required.

    Raises:
        DataError: the folder cannot be written, or the disk is full; a model that was there stands.
    """
    tensors = {k: v.contiguous() for k, v in model.state_dict().items()}
    parts: dict[str, Any] = {}
    if model.metric is not None:
        parts["metric"] = model.metric.shape()
    if model.ranker is not None:
        parts["ranker"] = {"name": ranker_name(model.ranker), "settings": model.ranker.get_params()}
        learned = ranker_state(model.ranker)
        tensors |= {f"{_RANKER}{k}": torch.from_numpy(v) for k, v in learned.items()}
    record = {
        "format": FORMAT,
        **{key: value for key, value in manifest.items() if key != "onnx_sha256"},
        "parts": parts,
        "temperature": model.temperature,
    }
    if model.calibration is not None:
        record["calibration"] = manifest.get("calibration", {}) | asdict(model.calibration)
    with ExitStack() as stack:  # both are written before one takes its name
        weights = stack.enter_context(replacing(folder / WEIGHTS))
        weights.write_bytes(save(tensors))
        described = stack.enter_context(replacing(folder / MANIFEST))
        described.write_text(as_json(sealed({**record, "sha256": sha256(weights)})), "utf-8")
    (folder / ONNX).unlink(missing_ok=True)  # of other weights; `python -m sadal_core onnx`


def note_onnx(folder: Path) -> None:
    """Write into the manifest that the ONNX file in `folder` is the backbone of its weights."""
    described = {**load_manifest(folder), "onnx_sha256": sha256(folder / ONNX)}
    write_json(folder / MANIFEST, sealed(described))


def _fill(model: AgeModel, tensors: dict[str, torch.Tensor], parts: dict[str, Any]) -> None:
    """Give `model` the stored weights, metric and ranker."""
    if "metric" in parts:
        model.metric = MetricModel(**parts["metric"])
    if "ranker" in parts:
        learned = {
            name.removeprefix(_RANKER): tensors.pop(name).numpy()
            for name in list(tensors)
            if name.startswith(_RANKER)
        }
        stored = parts["ranker"]
        model.ranker = restored(stored["name"], stored["settings"], learned)
    model.load_state_dict(tensors)


def stored_calibration(described: dict[str, Any]) -> Calibration | None:
    """The calibration in a manifest or in its entry "age_stage"; None in those with none yet.

    Raises:
        WeightsError: it makes no sense.
    """
    if "calibration" not in described:
        return None
    try:
        return Calibration.restored(described["calibration"])
    except ConfigError as error:
        raise WeightsError(
            f"The calibration in {MANIFEST} makes no sense. {error} "
            "Use a model made by this version."
        ) from error


def load_model(folder: Path) -> tuple[AgeModel, dict[str, Any]]:
    """The model in `folder`, ready for inference, and its manifest.

    Raises:
        WeightsError: a file is missing or damaged, or weights and manifest do not belong together.
    """
    manifest = check_folder(folder)
    path = folder / WEIGHTS
    backbone, temperature = manifest["backbone"], manifest["temperature"]
    if backbone not in BACKBONES or not isinstance(temperature, int | float) or temperature <= 0:
        raise WeightsError(
            f"{folder / MANIFEST} names the backbone {backbone!r} and the temperature "
            f"{temperature!r}, which make no model. Use a model made by this version."
        )
    model = AgeModel(backbone)
    try:
        _fill(model, load_file(path), manifest.get("parts", {}))
    except (SafetensorError, RuntimeError, KeyError, TypeError, ConfigError) as error:
        raise WeightsError(f"{path} holds weights of another network. {REPAIR}.") from error
    model.temperature = float(temperature)
    if "onnx_sha256" in manifest:
        model.engine = OnnxBackbone(folder / ONNX)
    model.calibration = stored_calibration(manifest)
    # Faces come in this layout too; convolutions on a processor are faster in it.
    return model.eval().to(memory_format=torch.channels_last), manifest
