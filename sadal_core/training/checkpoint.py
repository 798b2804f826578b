"""The state of a run on disk: written whole, read without executing anything from the file.

Of several processes that train together the first one writes, and all read.
"""

import json
import pickle
from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

from sadal_core.errors import DataError
from sadal_core.files import replacing, unwritable, write_json
from sadal_core.kept import ZIP_DAMAGE, check_zip
from sadal_core.training.distributed import gathered, leads

_STATE, _RECORDS, _SETTINGS = "state.pt", "metrics.jsonl", "config.json"


@runtime_checkable
class Resumable(Protocol):
    """A run that can say and take everything needed to go on."""

    step: int

    def state(self) -> dict[str, Any]:
        """Tensors, numbers and texts, in dictionaries and lists."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        ...


def save_checkpoint(folder: Path, config: Any, run: Resumable) -> None:
    """Write the settings (a dataclass) and the state of `run`.

    Raises:
        DataError: the folder cannot be written, or the disk is full.
    """
    if not leads():
        return
    packed = BytesIO()  # torch's own writing to a file says nothing of a full disk
    torch.save({"config": asdict(config), "state": run.state()}, packed)
    with replacing(folder / _STATE) as temporary:
        temporary.write_bytes(packed.getbuffer())


def load_checkpoint(folder: Path, config: Any, run: Resumable) -> None:
    """Bring `run` to where the run in `folder` was stopped; a new folder leaves it as it is.

    Metrics that were recorded after the checkpoint are dropped: those steps are done again.

    Raises:
        DataError: the file is damaged, belongs to a run with other settings, or is not there for
            each of several processes.
    """
    path = folder / _STATE
    if path.exists():
        try:
            check_zip(path)  # torch takes numbers as they are, whatever their checksum
            stored = torch.load(path, weights_only=True, map_location="cpu")
            _require_same(config, stored["config"], folder)
            run.restore(stored["state"])
        except _DAMAGE as error:
            raise DataError(f"{path} is damaged. Delete it to start the run again.") from error
    steps = gathered(torch.tensor([run.step])).tolist()
    if len(set(steps)) > 1:
        raise DataError(
            f"The processes find the run in {folder} at different steps ({steps}). Give a folder "
            "that all machines share."
        )
    if leads():
        _drop_records_after(folder / _RECORDS, run.step)


def write_settings(folder: Path, config: Any, about: Mapping[str, Any]) -> None:
    """Write the settings (a dataclass) and what else is known about the run, to be read by people.

    Raises:
        DataError: the folder cannot be written, or the disk is full.
    """
    if leads():
        write_json(folder / _SETTINGS, {**about, "config": asdict(config)})


def append_record(folder: Path, record: dict[str, Any]) -> None:
    """One line of JSON at the end of the run's metrics.

    Raises:
        DataError: the folder cannot be written, or the disk is full.
    """
    if not leads():
        return
    path = folder / _RECORDS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
    except OSError as error:
        raise unwritable(path, error) from error


_DAMAGE = (*ZIP_DAMAGE, pickle.UnpicklingError, TypeError, AttributeError, IndexError)


def _require_same(config: Any, stored: dict[str, Any], folder: Path) -> None:
    changed = [key for key, value in asdict(config).items() if stored.get(key) != value]
    if changed:
        raise DataError(
            f"{folder} holds a run with another {', '.join(changed)}. "
            "Choose another --out folder, or delete this one."
        )


def _drop_records_after(path: Path, step: int) -> None:
    if not path.exists():
        return
    try:
        lines = path.read_text("utf-8").splitlines()
        if lines and not _is_whole(lines[-1]):  # it was being written when the run was stopped
            lines.pop()
        kept = [line for line in lines if json.loads(line)["step"] <= step]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is damaged. Delete it to go on without what was measured so far."
        ) from error
    with replacing(path) as temporary:
        temporary.write_text("".join(line + "\n" for line in kept), "utf-8")


def _is_whole(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
