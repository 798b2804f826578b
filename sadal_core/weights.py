"""Model folders: `model.safetensors` and `manifest.json`, written whole, checked at load."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from sadal_core.errors import WeightsError
from sadal_core.files import replacing, sha256, write_json
from sadal_core.model import AgeModel

FORMAT = 1
_WEIGHTS, _MANIFEST = "model.safetensors", "manifest.json"
_REQUIRED = ("format", "backbone", "temperature", "sha256", "metrics", "bands")


def save_model(model: AgeModel, folder: Path, manifest: dict[str, Any]) -> None:
    """Write `model` and what is known about it to `folder`.

    Args:
        model: its weights and temperature are stored.
        folder: created if need be.
        manifest: config, data, metrics and so on; `backbone`, `metrics` and `bands` are required.
    """
    with replacing(folder / _WEIGHTS) as temporary:
        save_file({k: v.contiguous() for k, v in model.state_dict().items()}, temporary)
    record = {
        "format": FORMAT,
        **manifest,
        "temperature": model.temperature,
        "sha256": sha256(folder / _WEIGHTS),
    }
    write_json(folder / _MANIFEST, record)


def load_manifest(folder: Path) -> dict[str, Any]:
    """What is known about the model in `folder`.

    Raises:
        WeightsError: missing, damaged, or of another format.
    """
    path = folder / _MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise WeightsError(
            f"{path} does not exist. Check out the assets folder again, or train a model."
        ) from None
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} is damaged. Check it out again.") from error
    missing = [key for key in _REQUIRED if key not in manifest]
    if missing or manifest["format"] != FORMAT:
        raise WeightsError(
            f"{path} is not a model description of format {FORMAT}. Use a model made by this version."
        )
    return manifest


def load_model(folder: Path) -> tuple[AgeModel, dict[str, Any]]:
    """The model in `folder`, ready for inference, and its manifest.

    Raises:
        WeightsError: a file is missing or damaged, or weights and manifest do not belong together.
    """
    manifest = load_manifest(folder)
    path = folder / _WEIGHTS
    if not path.is_file():
        raise WeightsError(f"{path} does not exist. Check out the assets folder again.")
    if sha256(path) != manifest["sha256"]:
        raise WeightsError(
            f"{path} is damaged or is not the file that its manifest describes. "
            "Check out the assets folder again."
        )
    model = AgeModel(manifest["backbone"])
    try:
        model.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(f"{path} holds weights of another network.") from error
    model.temperature = float(manifest["temperature"])
    return model.eval(), manifest
