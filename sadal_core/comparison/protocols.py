"""Who is learned from and who is measured, fold by fold."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from sklearn.model_selection import GroupKFold, KFold

from sadal_core.data.crops import Crops
from sadal_core.data.splits import Split, leave_one_out
from sadal_core.errors import DataError
from sadal_core.manifest import entry

_FOLDS: Final = 5
_SEED: Final = 0


class Fold(NamedTuple):
    """A split of all faces, and its name."""

    name: str
    split: Split


def lopo(parts: list[Crops], manifest: Mapping[str, Any]) -> list[Fold]:
    """Every person is measured once, with what was learned from all others.

    Raises:
        DataError: somebody's subject is unknown, there are fewer than two, or the features were
            learned from these faces.
    """
    _refuse_learned(parts, manifest)
    return [Fold(person, split) for person, split in leave_one_out(_subjects(parts))]


def holdout(parts: list[Crops], manifest: Mapping[str, Any]) -> list[Fold]:
    """The duplicate groups that were held out when the features were learned, in one fold."""
    splits = [crops.holdout(**entry(dict(manifest), "split")) for crops in parts]
    train, validation = (np.concatenate(masks) for masks in zip(*splits, strict=True))
    if not train.any() or not validation.any():
        raise DataError("The held-out split leaves nobody to learn from, or nobody to measure.")
    return [Fold("held out", Split(train, validation))]


def subject_exclusive(parts: list[Crops], manifest: Mapping[str, Any]) -> list[Fold]:
    """Five folds over the subjects: nobody is both learned from and measured.

    Raises:
        DataError: as for `lopo`, and where there are fewer than five subjects.
    """
    _refuse_learned(parts, manifest)
    people = _subjects(parts)
    numbers = np.unique(people, return_inverse=True)[1]
    if "" in people or numbers.max() + 1 < _FOLDS:
        raise DataError(
            f"Subject-exclusive folds need to know who is in each picture (subject), and "
            f"{_FOLDS} subjects or more."
        )
    folds = GroupKFold(_FOLDS, shuffle=True, random_state=_SEED)
    return _numbered(folds.split(people, groups=numbers), len(people))


def random(parts: list[Crops], manifest: Mapping[str, Any]) -> list[Fold]:
    """Five folds over pictures, as many papers have it: a person may be on both sides.

    Raises:
        DataError: there are fewer than five faces, or the features were learned from them.
    """
    _refuse_learned(parts, manifest)
    count = len(_subjects(parts))
    if count < _FOLDS:
        raise DataError(f"Random folds need {_FOLDS} faces or more, got {count}.")
    folds = KFold(_FOLDS, shuffle=True, random_state=_SEED)
    return _numbered(folds.split(np.arange(count)), count)


PROTOCOLS: Final[dict[str, Callable[[list[Crops], Mapping[str, Any]], list[Fold]]]] = {
    "lopo": lopo,
    "holdout": holdout,
    "subject_exclusive": subject_exclusive,
    "random": random,
}
LEAKY: Final = frozenset({"random"})  # pictures of one person on both sides


def _subjects(parts: list[Crops]) -> list[str]:
    """Subject of each face, told apart between data sets; "" where it is not known."""
    return [
        f"{crops.dataset}/{sample.subject}" if sample.subject else ""
        for crops in parts
        for sample in crops.samples
    ]


def _refuse_learned(parts: list[Crops], manifest: Mapping[str, Any]) -> None:
    learned = {row["dataset"] for row in entry(dict(manifest), "data")}
    for crops in parts:
        if crops.dataset in learned:
            raise DataError(
                f"The features were learned from {crops.dataset}: folds over all of its faces "
                "would flatter every method. Use --protocol holdout."
            )


def _numbered(splits: Any, count: int) -> list[Fold]:
    folds = []
    for number, (train, measured) in enumerate(splits):
        masks = (np.isin(np.arange(count), part) for part in (train, measured))
        folds.append(Fold(f"fold {number + 1}", Split(*masks)))
    return folds
