"""Results that are kept in a file and made again only where it is not theirs."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from sadal_core.files import replacing, write_json


def kept_result(path: Path, key: Mapping[str, Any], make: Callable[[], Any]) -> Any:
    """The result of an earlier call for the same `key`, or a new one, which is kept as JSON."""
    try:
        stored = json.loads(path.read_text("utf-8"))
        if stored["key"] == key:
            return stored["result"]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there, or not of this version: made anew
    result = make()
    write_json(path, {"key": key, "result": result})
    return result


def kept_array(path: Path | None, key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """The array of an earlier call for the same `key`, or a new one, which is kept.

    Args:
        path: of the file; None keeps nothing.
        key: what the array is of.
        make: computes it.
    """
    stored = None if path is None else _stored(path, key)
    if stored is not None:
        return stored
    made = make()
    if path is not None:
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, key=np.array(key), array=made)
    return made


def _stored(path: Path, key: str) -> np.ndarray | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return file["array"] if str(file["key"]) == key else None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None  # it is only a cache: computed again
