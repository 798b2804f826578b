"""Features and head of every fold of leave one person out after its own tuning, kept in files."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from joblib import Parallel, delayed
from torch import nn

from sadal_core.data.crops import Crops
from sadal_core.evaluation.protocols import Progress
from sadal_core.experiments.lopo import person_splits
from sadal_core.experiments.tuning import TUNING, Maps, Tuned, Tuning, lower_maps, tuned
from sadal_core.features import FeatureSet, features_key
from sadal_core.files import check_folder
from sadal_core.kept import kept_arrays
from sadal_core.model import AgeModel


def tuned_folds(
    model: AgeModel,
    crops: Crops,
    faces: FeatureSet,
    folder: Path,
    progress: Progress,
    *,
    workers: int = 2,
    tuning: Tuning = TUNING,
) -> list[Tuned]:
    """What the backbone tuned on the training part of each of `person_splits` makes of all faces.

    Args:
        model: what every fold starts from.
        crops: of all faces, some thousands: each view of a face is 50 kB.
        faces: their features before the tuning.
        folder: where features and head of a fold are kept, so that a stopped run goes on.
        progress: told the folds done and the folds in all.
        workers: processes, each on one core.
        tuning: settings.

    Raises:
        DataError: see `person_splits`; the folder cannot be written, or features are not finite.
    """
    splits = person_splits(crops)
    head = b"".join(array.tobytes() for array in _arrays(model.head).values())
    known = f"features and head {features_key(model, crops)} {_digest(head)} {tuning}"
    paths = [folder / f"{_digest(known.encode() + s.train.tobytes())}.npz" for s in splits]
    maps = None
    if not all(path.is_file() for path in paths):
        check_folder(folder)
        maps = lower_maps(model, crops.images, tuning)
    jobs = (
        delayed(_kept_fold)(path, model, crops.images, maps, faces.ages, split.train, tuning)
        for path, split in zip(paths, splits, strict=True)
    )
    made = []
    for arrays in cast(Iterable[Any], Parallel(n_jobs=workers, return_as="generator")(jobs)):
        made.append(_restored(arrays, faces))
        progress(len(made), len(splits))
    return made


def _kept_fold(
    path: Path,
    model: AgeModel,
    images: np.ndarray,
    maps: Maps | None,
    ages: np.ndarray,
    train: np.ndarray,
    tuning: Tuning,
) -> dict[str, np.ndarray]:
    torch.set_num_threads(1)

    def make() -> dict[str, np.ndarray]:
        views = lower_maps(model, images, tuning) if maps is None else maps
        learned, features = tuned(model, views, ages, train, tuning)
        return {"features": features.numpy(), **_arrays(learned.head)}

    return kept_arrays(path, path.stem, make)


def _restored(arrays: dict[str, np.ndarray], faces: FeatureSet) -> Tuned:
    features, weight, bias = (torch.from_numpy(arrays[n]) for n in ("features", "weight", "bias"))
    head = nn.Linear(weight.shape[1], weight.shape[0])
    head.load_state_dict({"weight": weight, "bias": bias})
    return Tuned(FeatureSet(features, faces.ages, faces.units), head)


def _arrays(head: nn.Linear) -> dict[str, np.ndarray]:
    return {name: value.cpu().numpy() for name, value in head.state_dict().items()}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
