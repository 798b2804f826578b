"""The one-time cache of aligned crops: built in shards, resumable, each shard whole or absent."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Float

from sadal_core.data.duplicates import conflicting, duplicate_groups
from sadal_core.data.found import find_faces
from sadal_core.data.samples import Sample, Source, fingerprint
from sadal_core.data.shards import Columns, sharded
from sadal_core.data.splits import Split, holdout
from sadal_core.faces.align import CropSpec, align
from sadal_core.faces.image import decode

CONFLICT_YEARS = 3.0
_VERSION = 3  # raise when alignment changes: old caches are then built anew


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


def prepare(
    source: Source,
    dataset: str,
    samples: list[Sample],
    folder: Path,
    *,
    spec: CropSpec,
    workers: int = 2,
    progress: Callable[[str, int, int], object] = lambda stage, done, total: None,
) -> Crops:
    """Aligned crops of `samples`, from the cache in `folder` where it is current.

    Faces are searched for once; crops of every geometry are then cut with the same landmarks.
    An interrupted build goes on with the first shard that is not there. A cache of other
    samples, geometry or software version is built anew.

    Args:
        source: where the pictures are.
        dataset: name of the reader.
        samples: what to crop.
        folder: where the cache lives; created.
        spec: geometry of the crops.
        workers: processes.
        progress: told the stage ("faces found", "crops"), what is done of it and all of it.

    Raises:
        DataError: the folder cannot be written, or no sample shows a face.
    """
    labels = fingerprint(samples)
    found = find_faces(
        source, dataset, samples, folder / "found",
        workers=workers, progress=partial(progress, "faces found"),
    )  # fmt: skip
    names = [samples[i].name for i in found.index]
    crops = sharded(
        folder / f"crops-{spec.size}-{spec.margin}",
        {"version": _VERSION, "dataset": dataset, "labels": labels, "spec": asdict(spec)},
        list(zip(names, found.landmarks, strict=True)),
        partial(_cut, source, spec),
        columns=("images",),
        workers=workers,
        progress=partial(progress, "crops"),
    )
    cropped = [samples[i] for i in found.index]
    groups = duplicate_groups(found.hashes)
    ages = np.array([sample.age for sample in cropped], dtype=np.float32)
    return Crops(
        dataset,
        cropped,
        crops["images"],
        groups,
        conflicting(groups, ages, tolerance=CONFLICT_YEARS),
        sorted({sample.name for sample in samples} - set(names)),
        labels,
    )


def _cut(
    source: Source, spec: CropSpec, items: Sequence[tuple[str, Float[np.ndarray, "5 2"]]]
) -> Columns:
    images = [align(decode(source.read(name), name=name), points, spec) for name, points in items]
    return {"images": np.array(images, np.uint8).reshape(-1, spec.canvas, spec.canvas, 3)}
