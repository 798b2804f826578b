"""What a row of the comparison is: an estimator, where it is from, and how true to it it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, runtime_checkable

import numpy as np

SEED_PARAMETER: Final = "random_state"
CANDIDATES: Final = 3  # settings that every method may choose from: the budget, equal for all

Family = Literal["classic", "shallow", "deep", "modern", "metric"]
Reads = Literal["features", "identity", "bif", "scattering", "pixels"]


@runtime_checkable  # so that the checks of types at run time can name it
class AgeEstimator(Protocol):
    """A scikit-learn estimator of ages.

    It has scikit-learn's `get_params` and `set_params` too, and may have `predict_proba`, which
    gives distributions over `ages.GRID`.
    """

    def fit(self, X: np.ndarray, y: np.ndarray) -> "AgeEstimator":  # noqa: N803
        """Learn from samples (N, D) and ages in years (N,).

        That of a method of several populations takes a third argument, `groups`: whole numbers
        (N,) that say which population (data set) a sample is from.
        """
        ...

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Ages in years, (N,), of samples (N, D)."""
        ...


@dataclass(frozen=True)
class Method:
    """One row of the comparison.

    Attributes:
        title: as the table shows it.
        family: which part of the table it belongs to.
        paper: where it is from: authors, title, venue and year.
        faithful: whether it does what the paper says, on other inputs; otherwise it is
            approximate.
        departs: what differs from the paper, in a sentence.
        reads: name of its inputs in `descriptors.DESCRIPTORS`.
        make: an unfitted estimator from settings by name.
        candidates: the settings that are chosen from inside the training part.
        populations: whether it learns from several populations at once, and so from the faces of
            a further data set where there is one.
    """

    title: str
    family: Family
    paper: str
    faithful: bool
    departs: str
    reads: Reads
    make: Callable[..., AgeEstimator]
    candidates: tuple[Mapping[str, Any], ...]
    populations: bool = False

    def estimator(self, candidate: int, seed: int) -> AgeEstimator:
        """A fresh estimator with the settings of a candidate; `seed` counts where it draws."""
        made: Any = self.make(**self.candidates[candidate])
        if SEED_PARAMETER in made.get_params():
            made.set_params(**{SEED_PARAMETER: seed})
        return made

    @property
    def draws(self) -> bool:
        """Whether a fit depends on the seed."""
        made: Any = self.make(**self.candidates[0])
        return SEED_PARAMETER in made.get_params()
