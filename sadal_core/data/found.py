"""The labelled face of every picture of a data set: searched for once, whatever is cut later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt8

from sadal_core.data.duplicates import perceptual_hash
from sadal_core.data.samples import Sample, Source, fingerprint
from sadal_core.data.shards import Columns, sharded
from sadal_core.errors import DataError, UnreadableImageError
from sadal_core.faces.align import CropSpec, align
from sadal_core.faces.detect import Face, MediaPipeFaces
from sadal_core.faces.image import decode

_VERSION = 3  # raise when detection or hashing changes: old caches are then built anew
_HASHED = CropSpec()  # hashes, and so groups and splits, are the same for crops of every geometry


@dataclass(frozen=True)
class Found:
    """Faces of one data set, pictures without a face left out.

    Attributes:
        index: position of each one's sample.
        landmarks: five points in px of the upright picture.
        hashes: perceptual hash of each one's aligned crop.
    """

    index: Int[np.ndarray, " faces"]
    landmarks: Float[np.ndarray, "faces 5 2"]
    hashes: UInt8[np.ndarray, "faces 32"]


def main_face(faces: tuple[Face, ...], width: int, height: int) -> Face | None:
    """The labelled person: among faces at least half as large as the largest, the most central."""
    if not faces:
        return None
    centre = np.array([width, height]) / 2
    large = [face for face in faces if face.area >= faces[0].area / 2]
    return min(large, key=lambda face: float(np.linalg.norm(face.landmarks.mean(0) - centre)))


def find_faces(
    source: Source,
    dataset: str,
    samples: list[Sample],
    folder: Path,
    *,
    workers: int = 2,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> Found:
    """The labelled face of each of `samples`, from the cache in `folder` where it is current.

    Args:
        source: where the pictures are.
        dataset: name of the reader.
        samples: where to look.
        folder: of the cache; created.
        workers: processes.
        progress: told the pictures done and the pictures in all.

    Raises:
        DataError: the folder cannot be written, or no sample shows a face.
    """
    key = {"version": _VERSION, "dataset": dataset, "labels": fingerprint(samples)}
    items = [(number, sample.name) for number, sample in enumerate(samples)]
    make = partial(_find, source)
    found = Found(
        **sharded(
            folder, key, items, make,
            columns=("index", "landmarks", "hashes"), workers=workers, progress=progress,
        )
    )  # fmt: skip
    if len(found.index) == 0:
        raise DataError(f"No face was found in any picture of the data set {dataset}.")
    return found


_detector: MediaPipeFaces | None = None  # one per worker process; loading takes a second


def _find(source: Source, items: Sequence[tuple[int, str]]) -> Columns:
    global _detector  # noqa: PLW0603
    _detector = _detector or MediaPipeFaces()
    rows = []
    for number, name in items:
        try:
            image = decode(source.read(name), name=name)
        except UnreadableImageError:
            continue
        face = main_face(_detector(image), image.shape[1], image.shape[0])
        if face is not None:
            crop = align(image, face.landmarks, _HASHED)
            rows.append((number, face.landmarks, perceptual_hash(crop)))
    index, landmarks, hashes = zip(*rows, strict=True) if rows else ((), (), ())
    return {
        "index": np.array(index, np.int64),
        "landmarks": np.array(landmarks, np.float64).reshape(-1, 5, 2),
        "hashes": np.array(hashes, np.uint8).reshape(-1, 32),
    }
