"""A generator alone in a file: trained against a finished metric, to be compared with its own."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from sadal_core.errors import WeightsError
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
    with replacing(path) as temporary:
        save_file(tensors, temporary, {"shape": json.dumps(shape), "about": json.dumps(about)})


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
            shape, about = (json.loads(file.metadata()[name]) for name in ("shape", "about"))
            generator = HardNegativeGenerator(
                shape["features"], kind=shape["kind"], hidden=shape["hidden"]
            )
            names = file.keys()
            generator.load_state_dict({name: file.get_tensor(name) for name in names})
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise WeightsError(f"{path} is damaged. Train it again.") from error
    if about.get("model") != model:
        raise WeightsError(f"{path} was trained for another model. Train it again.")
    return generator.eval()
