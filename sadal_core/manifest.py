"""What is known about the model in a folder: `manifest.json`, read and checked without torch."""

from pathlib import Path
from typing import Any

from sadal_core.bundled import ASSETS, REPAIR
from sadal_core.errors import WeightsError
from sadal_core.files import sha256
from sadal_core.kept import read_sealed

BUNDLED_MODEL = ASSETS / "model"

FORMAT = 1
WEIGHTS, MANIFEST, GENERATORS = "model.safetensors", "manifest.json", "generators"
ONNX = "backbone.onnx"
_REQUIRED = ("format", "backbone", "temperature", "sha256", "metrics", "bands")


def load_manifest(folder: Path) -> dict[str, Any]:
    """What is known about the model in `folder`.

    A description that was changed on purpose loads without its entry "entries_sha256".

    Raises:
        WeightsError: missing, damaged, or of another format.
    """
    path = folder / MANIFEST
    try:
        manifest = read_sealed(path)
    except FileNotFoundError:
        raise WeightsError(f"{path} does not exist. {REPAIR}, or train a model.") from None
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} is damaged. {REPAIR}.") from error
    whole = isinstance(manifest, dict) and all(key in manifest for key in _REQUIRED)
    if not whole or manifest["format"] != FORMAT:
        raise WeightsError(
            f"{path} is not a model description of format {FORMAT}. "
            "Use a model made by this version."
        )
    return manifest


def entry(manifest: dict[str, Any], name: str) -> Any:
    """An entry that not every model has, but that is needed now.

    Raises:
        WeightsError: this model says nothing of it.
    """
    if name not in manifest:
        raise WeightsError(
            f"The description of this model has no entry {name!r}. "
            "Use a model that was trained by this version."
        )
    return manifest[name]


def check_folder(folder: Path) -> dict[str, Any]:
    """The manifest of the model in `folder`, once its weights are known to belong to it.

    Raises:
        WeightsError: a file is missing or damaged, or weights and manifest do not belong together.
    """
    manifest = load_manifest(folder)
    _check_file(folder / WEIGHTS, manifest["sha256"])
    if "onnx_sha256" in manifest:
        _check_file(folder / ONNX, manifest["onnx_sha256"])
    return manifest


def _check_file(path: Path, digest: str) -> None:
    if not path.is_file():
        raise WeightsError(f"{path} does not exist. {REPAIR}, or train the model again.")
    if sha256(path) != digest:
        raise WeightsError(
            f"{path} is damaged or is not the file that its manifest describes. "
            f"{REPAIR}, or train the model again."
        )


def generator_path(folder: Path, kind: str) -> Path:
    """Where the model in `folder` keeps a generator of this kind, to be compared with its own."""
    return folder / GENERATORS / f"{kind}.safetensors"
