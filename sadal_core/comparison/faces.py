"""The faces that methods are compared on, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from sadal_core.errors import DataError


@dataclass(frozen=True)
class Faces:
    """Samples of one or several data sets.

    Attributes:
        inputs: what methods read, by the name of its kind: (N, D) each.
        ages: in years.
        units: subject or duplicate group of each; those of one unit belong together.
        groups: number of the data set that each is from.
    """

    inputs: Mapping[str, np.ndarray]
    ages: Float[np.ndarray, " samples"]
    units: Int[np.ndarray, " samples"]
    groups: Int[np.ndarray, " samples"]

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together.

        Raises:
            DataError: the numbers of samples differ, or there are none.
        """
        counts = {len(array) for array in (self.ages, self.units, self.groups)}
        counts |= {len(array) for array in self.inputs.values()}
        if len(counts) != 1 or counts == {0}:
            raise DataError(f"A comparison needs as many inputs as ages, and some; got {counts}.")

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.ages)

    def select(self, chosen: np.ndarray) -> "Faces":
        """The samples that a mask or positions choose."""
        return Faces(
            {kind: array[chosen] for kind, array in self.inputs.items()},
            self.ages[chosen],
            self.units[chosen],
            self.groups[chosen],
        )

    def reading(self, kind: str) -> "Faces":
        """The same with one kind of input only."""
        return Faces({kind: self.inputs[kind]}, self.ages, self.units, self.groups)


def appended(parts: list[Faces]) -> Faces:
    """Several sets as one; units and groups of no two of them are the same."""
    kinds = set.intersection(*(set(part.inputs) for part in parts))
    units = np.cumsum([0, *(int(part.units.max()) + 1 for part in parts[:-1])])
    groups = np.cumsum([0, *(int(part.groups.max()) + 1 for part in parts[:-1])])
    numbered = list(zip(parts, units.tolist(), groups.tolist(), strict=True))
    return Faces(
        {kind: np.concatenate([part.inputs[kind] for part in parts]) for kind in sorted(kinds)},
        np.concatenate([part.ages for part in parts]),
        np.concatenate([part.units + unit for part, unit, _ in numbered]),
        np.concatenate([part.groups + group for part, _, group in numbered]),
    )
