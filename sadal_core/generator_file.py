"""A generator alone in a file: trained against a finished metric, to be compared with its own."""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sadal_core.errors import ConfigError, WeightsError
from sadal_core.files import replacing
from sadal_core.generator import HardNegativeGenerator


def save_generator(
    path: Path,
    generator: HardNegativeGenerator,
    *,
    features: int,
    hidden: int,
    about: dict[str, Any],
) -> None:
    """Write `generator`.

    Args:
        path: of the file.
        generator: its weights and kind are stored.
        features: F.
        hidden: width of its hidden layer.
        about: command, settings, and "model", the SHA-256 of the weights it was trained for.
    """
    shape = {"features": features, "kind": generator.kind, "hidden": hidden}
    tensors = {k: v.detach().cpu().contiguous() for k, v in generator.state_dict().items()}
    known = {"shape": shape, "about": about, "sha256": _digest(tensors)}
    with replacing(path) as temporary:
        save_file(tensors, temporary, {name: json.dumps(value) for name, value in known.items()})


def load_generator(path: Path, *, model: str) -> HardNegativeGenerator:
    """The generator at `path`, ready for use.

    Args:
        path: as `save_generator` wrote it.
        model: SHA-256 of the weights that it must have been trained for.

    Raises:
        WeightsError: it is missing, damaged, or of another model.
    """
    if not path.is_file():
        raise WeightsError(f"{path} does not exist. Train it: python -m sadal_core train --stage "
                           "generator.")  # fmt: skip
    try:
        with safe_open(path, "pt") as file:
            known = {name: json.loads(text) for name, text in file.metadata().items()}
            shape, tensors = known["shape"], {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            generator = HardNegativeGenerator(
                shape["features"], kind=shape["kind"], hidden=shape["hidden"]
            )
            generator.load_state_dict(tensors)
            kinds = {name: value.dtype for name, value in generator.state_dict().items()}
            fitting = kinds == {name: value.dtype for name, value in tensors.items()}
            whole = fitting and known["sha256"] == _digest(tensors)
            owner = known["about"].get("model")
    except _DAMAGE as error:
        raise WeightsError(f"{path} is damaged. Train it again.") from error
    if not whole:
        raise WeightsError(f"{path} is damaged. Train it again.")
    if owner != model:
        raise WeightsError(f"{path} was trained for another model. Train it again.")
    return generator.eval()


_DAMAGE = (
    SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError,
    ConfigError,
)  # fmt: skip


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 over names and values, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()
