"""Which samples are trained on and which are only measured."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from sadal_core.errors import DataError


class Split(NamedTuple):
    """Boolean masks over the samples; a sample may be in neither."""

    train: Bool[np.ndarray, " samples"]
    validation: Bool[np.ndarray, " samples"]


def holdout(
    names: list[str],
    units: Int[np.ndarray, " samples"],
    *,
    fraction: float,
    seed: int,
    unfit: Bool[np.ndarray, " samples"],
) -> Split:
    """Split that keeps each unit (duplicate group or subject) on one side.

    A unit goes to validation when the hash of the seed and of its first name falls into the
    lowest `fraction` of all hashes. So the side of a unit depends on nothing but itself: adding
    or leaving out other units moves nobody across.

    Args:
        names: sample names.
        units: number of the unit of each sample.
        fraction: share of units held out, between 0 and 1.
        seed: which of the possible splits.
        unfit: samples that must not be measured on; held-out ones among them are in neither part.
    """
    if not 0 <= fraction < 1:
        raise DataError(f"The validation share must be at least 0 and below 1, got {fraction}.")
    first: dict[int, str] = {}
    for name, unit in sorted(zip(names, units.tolist(), strict=True)):
        first.setdefault(unit, name)
    held = {unit for unit, name in first.items() if _uniform(f"{seed}:{name}") < fraction}
    validation = np.isin(units, list(held))
    return Split(~validation, validation & ~unfit)


def leave_one_out(subjects: list[str]) -> Iterator[tuple[str, Split]]:
    """One split per subject: that subject is measured, everybody else is trained on.

    Raises:
        DataError: a sample has no subject, or there are fewer than two.
    """
    column = np.array(subjects)
    if (column == "").any():
        raise DataError("Leave-one-person-out needs to know who is in each picture (subject).")
    people = sorted(set(subjects))
    if len(people) < 2:
        raise DataError(f"Leave-one-person-out needs two subjects or more, got {len(people)}.")
    for person in people:
        yield person, Split(column != person, column == person)


def subject_exclusive(subjects: list[str], *, fraction: float, seed: int) -> Split:
    """Hold out a share of the people with all their pictures."""
    units = np.unique(np.array(subjects), return_inverse=True)[1].reshape(-1)
    nobody = np.zeros(len(subjects), bool)
    return holdout(subjects, units, fraction=fraction, seed=seed, unfit=nobody)


def _uniform(text: str) -> float:
    """Number in [0, 1) that depends on `text` alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
