"""What a data set is to the rest of the package: samples, and where their bytes come from."""

import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from sadal_core.errors import DataError
from sadal_core.faces.image import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Sample:
    """One labelled picture.

    Attributes:
        name: path inside its source, with forward slashes.
        age: in years.
        subject: who it shows, where the data set says so; "" otherwise.
        sex: "female", "male" or "".
        group: the data set's own label of origin, as it names it; "" where it has none.
    """

    name: str
    age: float
    subject: str = ""
    sex: str = ""
    group: str = ""


@runtime_checkable  # so that the checks of types at run time can name it
class Source(Protocol):
    """Named byte strings, from a folder or a zip file."""

    path: Path

    def names(self) -> Iterable[str]:
        """Every file, sorted, as a path relative to the source with forward slashes."""
        ...

    def read(self, name: str) -> bytes:
        """Content of one file."""
        ...


class Folder:
    """A folder, walked recursively."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> Iterator[str]:
        """Every file below the folder, sorted; held in memory is one folder at a time.

        Raises:
            DataError: a folder cannot be listed.
        """
        return _walk(self.path, "")

    def read(self, name: str) -> bytes:
        """Content of the file called `name`."""
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise DataError(
                f"{self.path / name} cannot be read ({error.strerror}). "
                "Check that the data set is complete."
            ) from error


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            # With its slash a folder stands where its files stand in the order of whole paths.
            found = sorted(
                f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
                for entry in entries
                if entry.is_dir(follow_symlinks=False) or entry.is_file()
            )
    except OSError as error:
        raise DataError(
            f"{folder} cannot be listed ({error.strerror}). Make it readable, or leave it out."
        ) from error
    for name in found:
        if name.endswith("/"):
            yield from _walk(folder / name, prefix + name)
        else:
            yield prefix + name


class Zip:
    """A zip file. Each read opens it anew, so that worker processes can share the object."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive: zipfile.ZipFile | None = None

    def names(self) -> list[str]:
        """Every member that is a file, sorted."""
        return sorted(name for name in self._open().namelist() if not name.endswith("/"))

    def read(self, name: str) -> bytes:
        """Content of the member called `name`."""
        try:
            return self._open().read(name)
        except (KeyError, zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError) as error:
            # RuntimeError: encrypted, or packed by a method that zipfile does not know
            raise DataError(
                f"{name} in {self.path} cannot be read. Check that the file is complete."
            ) from error

    def _open(self) -> zipfile.ZipFile:
        if self._archive is None:
            try:
                self._archive = zipfile.ZipFile(self.path)
            except (zipfile.BadZipFile, OSError) as error:
                raise DataError(
                    f"{self.path} is not a complete zip file. Download it again."
                ) from error
        return self._archive

    def __getstate__(self) -> dict[str, object]:
        """Without the open file, which cannot travel to another process."""
        return {"path": self.path, "_archive": None}


def open_source(path: Path) -> Source:
    """The folder or zip file at `path`.

    Raises:
        DataError: there is nothing at `path`, or it is neither.
    """
    if path.is_dir():
        return Folder(path)
    if path.is_file() and zipfile.is_zipfile(path):
        return Zip(path)
    if not path.exists():
        raise DataError(f"{path} does not exist. Check the path.")
    raise DataError(
        f"{path} is neither a folder nor a zip file. Give the folder or zip file "
        "that holds the pictures."
    )


def pictures(source: Source) -> Iterator[str]:
    """Names of the pictures in `source`, by suffix, without hidden and system files."""
    for name in source.names():
        parts = PurePosixPath(name).parts
        hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
        if not hidden and PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES:
            yield name


def fingerprint(samples: list[Sample]) -> str:
    """SHA-256 over names and ages: says whether two runs saw the same labels."""
    digest = hashlib.sha256()
    for sample in sorted(samples, key=lambda sample: sample.name):
        digest.update(f"{sample.name}\t{sample.age:g}\n".encode())
    return digest.hexdigest()
