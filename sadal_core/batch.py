"""Many pictures at once: found below paths, estimated on all cores, as rows for a table."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from threading import local
from typing import Any, Final, NamedTuple

from sadal_core.data.samples import Source, open_source, pictures
from sadal_core.errors import DataError, SadalError
from sadal_core.faces.image import IMAGE_SUFFIXES, decode
from sadal_core.pipeline import AgeEstimator, FaceEstimate

COLUMNS: Final[tuple[str, ...]] = (
    "file", "face", "left", "top", "right", "bottom", "score", "age", "age_low", "age_high",
    "error",
)  # fmt: skip
_NO_FACE = "No face was found. Use a picture that shows a face from the front."


class Picture(NamedTuple):
    """A picture to read: how to call it, and the source and name that hold its bytes.

    Without a source the name is the reason why there is nothing to read.
    """

    label: str
    source: Source | None
    name: str


@dataclass(frozen=True)
class PictureResult:
    """Rows (one per face, or one with an error), whether the picture was read, and its faces."""

    rows: list[dict[str, Any]]
    was_read: bool
    faces: tuple[FaceEstimate, ...] = ()


class SingleFile:
    """A picture given by its own path, as a source of one name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        """Its own name."""
        return [self.path.name]

    def read(self, name: str) -> bytes:
        """Content of the picture."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise DataError(f"{name} cannot be read ({error.strerror}).") from error


def find_pictures(paths: list[Path]) -> Iterator[Picture]:
    """Every picture at or below `paths`, in order; a path that leads to none yields its reason.

    Folders and zip files are searched for files with a picture's suffix, whatever their depth;
    a path that names a file directly is always tried.

    Raises:
        DataError: a folder further down cannot be listed, so that its pictures would be missed.
    """
    for path in paths:
        if path.is_file() and path.suffix.lower() != ".zip":
            yield Picture(str(path), SingleFile(path), path.name)
            continue
        try:
            source = open_source(path)
            names = pictures(source)
            first = next(names, None)
        except DataError as error:
            yield Picture(str(path), None, str(error))
            continue
        if first is None:
            suffixes = " ".join(sorted(IMAGE_SUFFIXES))
            yield Picture(str(path), None, f"{path} holds no pictures ({suffixes}).")
            continue
        for name in chain((first,), names):
            yield Picture(str(path / name), source, name)


class PicturePool:
    """Estimates pictures on several threads, in their order; a context manager.

    Each thread has a face detector of its own, since MediaPipe takes one picture at a time and
    on one core; the network is shared.
    """

    def __init__(self, estimator: AgeEstimator, *, workers: int | None = None) -> None:
        """Start the threads.

        Args:
            estimator: whose model is used.
            workers: threads; by default one per core.
        """
        self._estimator, self._own = estimator, local()
        self._threads = workers or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._threads)

    def __enter__(self) -> "PicturePool":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the threads; what waits for them is given up."""
        self._pool.shutdown(cancel_futures=True)

    def results(self, found: Iterable[Picture]) -> Iterator[PictureResult]:
        """One result per picture, in order."""
        # In windows, so that the results of a million pictures do not pile up behind a slow one.
        waiting = iter(found)
        while window := list(islice(waiting, 64 * self._threads)):
            yield from self._pool.map(self._estimate, window)

    def _estimate(self, picture: Picture) -> PictureResult:
        if not hasattr(self._own, "estimator"):
            self._own.estimator = AgeEstimator(self._estimator.model, self._estimator.manifest)
        return _estimate(self._own.estimator, picture)


def estimate_pictures(
    estimator: AgeEstimator, found: Iterable[Picture], *, workers: int | None = None
) -> Iterator[PictureResult]:
    """One result per picture, in order, from a `PicturePool` with these arguments."""
    with PicturePool(estimator, workers=workers) as pool:
        yield from pool.results(found)


def _estimate(estimator: AgeEstimator, picture: Picture) -> PictureResult:
    if picture.source is None:
        return PictureResult([_error_row(picture, picture.name)], was_read=False)
    try:
        image = decode(picture.source.read(picture.name), name=picture.name)
    except SadalError as error:
        return PictureResult([_error_row(picture, str(error))], was_read=False)
    faces = estimator.estimate(image)
    rows = [face_row(picture.label, number, face) for number, face in enumerate(faces, start=1)]
    return PictureResult(rows or [_error_row(picture, _NO_FACE)], was_read=True, faces=faces)


def face_row(label: str, number: int, face: FaceEstimate) -> dict[str, Any]:
    """Row of face `number` (from 1) of the picture called `label`."""
    left, top, right, bottom = (round(float(edge), 1) for edge in face.face.box)
    age, low, high = (round(value, 2) for value in face.summary)
    values = (label, number, left, top, right, bottom, round(face.face.score, 3), age, low,
              high, "")  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _error_row(picture: Picture, error: str) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS, "") | {"file": picture.label, "error": error}
