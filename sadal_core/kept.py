"""What is kept in files: arrays, sealed descriptions, and results not to be computed again."""

import hashlib
import json
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

import numpy as np

from sadal_core.errors import DataError
from sadal_core.files import as_json, check_folder, replacing, write_json

SEAL: Final = "entries_sha256"
# What zipfile raises at bytes that were changed; an entry can turn into a packed or secret one.
ZIP_DAMAGE: Final = (
    OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile, zlib.error, lzma.LZMAError,
    struct.error,
)  # fmt: skip


def kept_result(path: Path, key: Mapping[str, Any], make: Callable[[], Any]) -> Any:
    """The result of an earlier call for the same `key`, or a new one, which is kept as JSON.

    Raises:
        DataError: the file cannot be written, said before anything is made.
    """
    try:
        stored = json.loads(path.read_text("utf-8"))
        if stored["key"] == key:
            return stored["result"]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there, or not of this version: made anew
    check_folder(path.parent)
    result = make()
    write_json(path, {"key": key, "result": result})
    return result


def kept_array(path: Path | None, key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """The array of an earlier call for the same `key`, or a new one, which is kept.

    Args:
        path: of the file; None keeps nothing.
        key: what the array is of.
        make: computes it.

    Raises:
        DataError: the file cannot be written, said before anything is made.
    """
    return make() if path is None else kept_arrays(path, key, lambda: {"array": make()})["array"]


def kept_arrays(
    path: Path, key: str, make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """The same for several arrays by name, always the same ones; none is called "key"."""
    stored = _stored(path, key)
    if stored is not None:
        return stored
    check_folder(path.parent)
    made = make()
    write_arrays(path, key=np.array(key), **made)
    return made


def _stored(path: Path, key: str) -> dict[str, np.ndarray] | None:
    try:
        arrays = read_arrays(path, "")
        return arrays if str(arrays.pop("key")) == key else None
    except (DataError, KeyError):
        return None  # it is only a cache: computed again


def write_arrays(path: Path, **arrays: np.ndarray) -> None:
    """`arrays` as an .npz file at `path`, in one step."""
    with replacing(path) as temporary:
        temporary.write_bytes(packed(np.savez, arrays))


def packed(save: Callable[..., None], arrays: Mapping[str, np.ndarray]) -> memoryview:
    """What `save` (of `np.savez` and its like) makes of `arrays`.

    In memory, because a zip file that a full disk cuts short complains again when it is dropped.
    """
    buffer = BytesIO()
    save(buffer, **arrays)
    return buffer.getbuffer()


def read_arrays(path: Path, remedy: str) -> dict[str, np.ndarray]:
    """The arrays of the .npz file at `path`, every byte held against its checksum.

    `np.load` reads as far as the header of an array says and no further: where the header is
    damaged, and the array so cut short, it never meets the checksum at the end.

    Raises:
        DataError: the file is missing or damaged; ends with `remedy`.
    """
    try:
        with ZipFile(path) as archive:
            return {n.removesuffix(".npy"): _array(archive.read(n)) for n in archive.namelist()}
    except ZIP_DAMAGE as error:
        raise DataError(f"{path} is damaged. {remedy}") from error


def _array(content: bytes) -> np.ndarray:
    return np.lib.format.read_array(BytesIO(content), allow_pickle=False)


def check_zip(path: Path) -> None:
    """Hold every byte of a zip file against its checksums, for readers that look at none.

    Raises:
        One of `ZIP_DAMAGE`: it is damaged.
    """
    with ZipFile(path) as archive:
        wrong = archive.testzip()
    if wrong is not None:
        raise BadZipFile(f"{wrong} in {path} is damaged")


def sealed(value: Mapping[str, Any]) -> dict[str, Any]:
    """`value` with a digest of its entries, by which `read_sealed` sees any later change."""
    entries = {name: entry for name, entry in value.items() if name != SEAL}
    return {**entries, SEAL: _digest(json.loads(as_json(entries)))}


def read_sealed(path: Path) -> Any:
    """What the JSON file at `path` holds, without its seal; a file without one is taken as it is.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON, or has been changed since.
    """
    value = json.loads(path.read_text("utf-8"))
    seal = value.pop(SEAL, None) if isinstance(value, dict) else None
    if seal is not None and seal != _digest(value):
        raise ValueError(f"{path} has been changed since it was written")
    return value


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
