"""Many pictures at once: found below paths, estimated on all cores, as rows for a table."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
    """Rows (one per face, or one with an error) and whether the picture could be read."""

    rows: list[dict[str, Any]]
    was_read: bool


class _SingleFile:
    """A picture given by its own path, as a source of one name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        return [self.path.name]

    def read(self, name: str) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise DataError(f"{name} cannot be read ({error.strerror}).") from error


def find_pictures(paths: list[Path]) -> Iterator[Picture]:
    """Every picture at or below `paths`, in order; a path that leads to none yields its reason.

    Folders and zip files are searched for files with a picture's suffix, whatever their depth;
    a path that names a file directly is always tried.
    """
    for path in paths:
        if path.is_file() and path.suffix.lower() != ".zip":
            yield Picture(str(path), _SingleFile(path), path.name)
            continue
        try:
            source = open_source(path)
            names = list(pictures(source))
        except DataError as error:
            yield Picture(str(path), None, str(error))
            continue
        if not names:
            suffixes = " ".join(sorted(IMAGE_SUFFIXES))
            yield Picture(str(path), None, f"{path} holds no pictures ({suffixes}).")
        for name in names:
            yield Picture(str(path / name), source, name)


def estimate_pictures(
    estimator: AgeEstimator, found: list[Picture], *, workers: int | None = None
) -> Iterator[PictureResult]:
    """One result per picture, in order.

    Each thread has a face detector of its own, since MediaPipe takes one picture at a time and
    on one core; the network is shared.

    Args:
        estimator: whose model is used.
        found: what to read.
        workers: threads; by default one per core.
    """
    own = local()

    def estimate(picture: Picture) -> PictureResult:
        if not hasattr(own, "estimator"):
            own.estimator = AgeEstimator(estimator.model, estimator.manifest)
        return _estimate(own.estimator, picture)

    threads = workers or os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        # In windows, so that the results of a million pictures do not pile up behind a slow one.
        window = 64 * threads
        for start in range(0, len(found), window):
            yield from pool.map(estimate, found[start : start + window])


def _estimate(estimator: AgeEstimator, picture: Picture) -> PictureResult:
    if picture.source is None:
        return PictureResult([_error_row(picture, picture.name)], was_read=False)
    try:
        image = decode(picture.source.read(picture.name), name=picture.name)
    except SadalError as error:
        return PictureResult([_error_row(picture, str(error))], was_read=False)
    faces = estimator.estimate(image)
    rows = [face_row(picture.label, number, face) for number, face in enumerate(faces, start=1)]
    return PictureResult(rows or [_error_row(picture, _NO_FACE)], was_read=True)


def face_row(label: str, number: int, face: FaceEstimate) -> dict[str, Any]:
    """Row of face `number` (from 1) of the picture called `label`."""
    left, top, right, bottom = (round(float(edge), 1) for edge in face.face.box)
    age, low, high = (round(value, 2) for value in face.summary)
    values = (label, number, left, top, right, bottom, round(face.face.score, 3), age, low,
              high, "")  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _error_row(picture: Picture, error: str) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS, "") | {"file": picture.label, "error": error}
