"""The one-time cache of aligned crops: built in shards, resumable, each shard whole or absent."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile

import numpy as np

from sadal_core.data.duplicates import conflicting, duplicate_groups, perceptual_hash
from sadal_core.data.samples import Sample, Source, fingerprint
from sadal_core.data.splits import Split, holdout
from sadal_core.errors import DataError, UnreadableImageError
from sadal_core.faces.align import CropSpec, align
from sadal_core.faces.detect import Face, MediaPipeFaces
from sadal_core.faces.image import decode
from sadal_core.files import replacing, write_json

SHARD = 512
CONFLICT_YEARS = 3.0
_VERSION = 2  # raise when detection, alignment or hashing changes: old caches are then rebuilt


@dataclass(frozen=True)
class Crops:
    """Aligned faces of one data set, samples without a face left out.

    Attributes:
        dataset: name of its reader.
        samples: one per crop.
        images: canvas crops, uint8 (N, canvas, canvas, 3).
        groups: duplicate group of each.
        conflicting: whether its group's ages differ by more than `CONFLICT_YEARS`.
        missing: names in which no face was found, or that cannot be read.
        labels: SHA-256 of all names and ages.
    """

    dataset: str
    samples: list[Sample]
    images: np.ndarray
    groups: np.ndarray
    conflicting: np.ndarray
    missing: list[str]
    labels: str

    @property
    def ages(self) -> np.ndarray:
        """Age of each sample in years, float32."""
        return np.array([sample.age for sample in self.samples], dtype=np.float32)

    def holdout(self, *, fraction: float, seed: int) -> Split:
        """Split by duplicate group; conflicting labels are never measured on."""
        names = [f"{self.dataset}/{PurePosixPath(sample.name).name}" for sample in self.samples]
        return holdout(names, self.groups, fraction=fraction, seed=seed, unfit=self.conflicting)


def main_face(faces: tuple[Face, ...], width: int, height: int) -> Face | None:
    """The labelled person: among faces at least half as large as the largest, the most central."""
    if not faces:
        return None
    centre = np.array([width, height]) / 2
    large = [face for face in faces if face.area >= faces[0].area / 2]
    return min(large, key=lambda face: float(np.linalg.norm(face.landmarks.mean(0) - centre)))


def prepare(
    source: Source,
    dataset: str,
    samples: list[Sample],
    folder: Path,
    *,
    spec: CropSpec,
    workers: int = 2,
    progress: Callable[[int], object] = lambda done: None,
) -> Crops:
    """Aligned crops of `samples`, from the cache in `folder` where it is current.

    An interrupted build goes on with the first shard that is not there. A cache of other
    samples, geometry or software version is built anew.

    Args:
        source: where the pictures are.
        dataset: name of the reader.
        samples: what to crop.
        folder: where the cache lives; created.
        spec: geometry of the crops.
        workers: processes.
        progress: called with the number of samples done since the last call.

    Raises:
        DataError: the folder cannot be written, or no sample shows a face.
    """
    labels = fingerprint(samples)
    key = {"version": _VERSION, "dataset": dataset, "labels": labels, "spec": asdict(spec)}
    _start(folder, key)
    chunks = [samples[i : i + SHARD] for i in range(0, len(samples), SHARD)]
    paths = [folder / f"shard-{number:05d}.npz" for number in range(len(chunks))]
    todo = [(path, chunk) for path, chunk in zip(paths, chunks, strict=True) if not path.exists()]
    progress(len(samples) - sum(len(chunk) for _, chunk in todo))
    for count in _build(source, todo, spec, min(workers, max(1, len(todo)))):
        progress(count)
    return _load(paths, dataset, samples, labels)


def _start(folder: Path, key: dict[str, object]) -> None:
    """Keep the shards in `folder` if they were made for `key`; else remove them."""
    about = folder / "about.json"
    try:
        current = json.loads(about.read_text("utf-8")) == key
    except (OSError, ValueError):
        current = False
    if not current:
        for shard in folder.glob("shard-*.npz"):
            shard.unlink()
        write_json(about, key)


def _build(
    source: Source, todo: list[tuple[Path, list[Sample]]], spec: CropSpec, workers: int
) -> Iterator[int]:
    if not todo:
        return
    make = partial(_make_shard, source, spec)
    if workers == 1:
        yield from map(make, todo)
        return
    # Spawned, not forked: MediaPipe's threads do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(make, todo)


_detector: MediaPipeFaces | None = None  # one per worker process; loading takes a second


def _make_shard(source: Source, spec: CropSpec, job: tuple[Path, list[Sample]]) -> int:
    global _detector  # noqa: PLW0603
    _detector = _detector or MediaPipeFaces()
    path, samples = job
    images, hashes, kept = [], [], []
    for position, sample in enumerate(samples):
        crop = _crop(source.read(sample.name), sample.name, _detector, spec)
        if crop is not None:
            images.append(crop)
            hashes.append(perceptual_hash(crop))
            kept.append(position)
    side = spec.canvas
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            images=np.array(images, np.uint8).reshape(-1, side, side, 3),
            hashes=np.array(hashes, np.uint8).reshape(-1, 32),
            kept=np.array(kept, np.int64),
        )
    return len(samples)


def _crop(data: bytes, name: str, detector: MediaPipeFaces, spec: CropSpec) -> np.ndarray | None:
    try:
        image = decode(data, name=name)
    except UnreadableImageError:
        return None
    face = main_face(detector(image), image.shape[1], image.shape[0])
    return None if face is None else align(image, face.landmarks, spec)


def _load(paths: list[Path], dataset: str, samples: list[Sample], labels: str) -> Crops:
    images, hashes, kept = [], [], []
    for number, path in enumerate(paths):
        try:
            with np.load(path, allow_pickle=False) as shard:
                images.append(shard["images"])
                hashes.append(shard["hashes"])
                kept.append(shard["kept"] + number * SHARD)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise DataError(f"{path} is damaged. Delete it and run prepare again.") from error
    index = np.concatenate(kept) if kept else np.empty(0, int)
    if len(index) == 0:
        raise DataError(f"No face was found in any picture of the data set {dataset}.")
    found = [samples[i] for i in index]
    groups = duplicate_groups(np.concatenate(hashes))
    ages = np.array([sample.age for sample in found], dtype=np.float32)
    missing = sorted({s.name for s in samples} - {s.name for s in found})
    return Crops(
        dataset,
        found,
        np.concatenate(images),
        groups,
        conflicting(groups, ages, tolerance=CONFLICT_YEARS),
        missing,
        labels,
    )
