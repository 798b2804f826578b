"""Whole files or none: every file this package writes goes through `replacing`."""

import errno
import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sadal_core.errors import DataError, SadalError

if sys.platform != "win32":
    import fcntl

_PART: Final = ".part"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name once the block has succeeded.

    A reader sees the old file or the new one, never a part, even where the machine itself has
    stopped; after an exception the old file stands and the temporary one is gone. What killed
    processes have left of `path` is removed first.

    Raises:
        DataError: the folder cannot be written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # a folder that cannot be listed, a file of another user
            _remove_leftovers(path)
        temporary, lock = _claimed(path)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())  # or a name could stand for bytes that were never stored
        temporary.chmod(0o644)
        temporary.replace(path)
    except SadalError:
        raise
    except Exception as error:
        cause = _of_the_disk(error)
        if cause is None:
            raise
        raise unwritable(path, cause) from error
    finally:
        with suppress(OSError):  # of a disk that is gone; the first error says it all
            temporary.unlink(missing_ok=True)
        _release(lock)


def unwritable(path: Path, error: OSError) -> DataError:
    """What to tell a user about a file or folder that cannot be written."""
    remedy = "Choose another folder."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "The disk is full: make room and try again."
    reason = os.strerror(error.errno) if error.errno else error
    return DataError(f"{path} cannot be written ({reason}). {remedy}")


def check_folder(folder: Path) -> None:
    """Refuse now a folder that could not be written after long work; makes and leaves nothing.

    Raises:
        DataError: it cannot be written, or could not be made.
    """
    try:
        _try_to_write(folder)
    except OSError as error:
        raise unwritable(folder, error) from error


def check_file(path: Path) -> None:
    """As `check_folder`, for a file.

    Raises:
        DataError: its folder cannot be written, or it is a folder itself.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        _try_to_write(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def _try_to_write(folder: Path) -> None:
    """Write to the nearest folder above that is there, without a trace."""
    while not folder.exists():
        folder = folder.parent
    with tempfile.TemporaryFile(dir=folder):
        pass


def _of_the_disk(error: Exception) -> OSError | None:
    """The failure of the disk behind `error`; safetensors gives only its number, in the text."""
    if isinstance(error, OSError):
        return error
    number = re.search(r"\(os error (\d+)\)", str(error))
    return number and OSError(int(number[1]), os.strerror(int(number[1])))


def _claimed(path: Path) -> tuple[Path, int | None]:
    """A new file beside `path`, and its lock, which the system opens when its process ends."""
    while True:
        handle, name = tempfile.mkstemp(_PART, f".{path.name}.", path.parent)
        os.close(handle)
        lock = _lock(Path(name))
        if lock is None or os.fstat(lock).st_nlink:
            return Path(name), lock
        _release(lock)  # taken for a leftover before it was locked


def _remove_leftovers(path: Path) -> None:
    """Remove what writers of `path` left when they were killed; those at work hold a lock."""
    for other in path.parent.iterdir():
        if other.name.startswith(f".{path.name}.") and other.name.endswith(_PART):
            lock = _lock(other)
            if lock is not None:
                other.unlink(missing_ok=True)
                _release(lock)


def _lock(path: Path) -> int | None:
    """A handle that locks the file; None where another has, or where files cannot be locked."""
    if sys.platform == "win32":
        return None
    handle = None
    with suppress(OSError):
        handle = os.open(path, os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle
    _release(handle)
    return None


def _release(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def as_json(value: Any) -> str:
    """The text of a JSON file that holds `value`, indented."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """`value` as indented JSON at `path`, in one step."""
    with replacing(path) as temporary:
        temporary.write_text(as_json(value), "utf-8")


def jsonable(value: Any) -> Any:
    """`value` in JSON's own types: arrays as lists, named tuples as objects, NaN as null."""
    if hasattr(value, "tolist"):  # numpy's arrays and numbers
        value = value.tolist()
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {str(key): jsonable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(part) for part in value]
    return None if value != value else value  # NaN alone differs from itself


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of the file at `path`.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). Check the path.") from error
