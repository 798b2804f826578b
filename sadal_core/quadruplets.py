"""Which samples meet: seeded quadruplets of an anchor, a positive and two negatives.

Anchor and positive have the same age; one negative is younger, one older. Ages are taken in
whole years (the bin of `ages.GRID` they fall in), so that every gap is at least 1.

Source: the authors' released `gen_quad.py`, which draws once, off-line; here every epoch draws
anew. As there, a negative's age is drawn first, evenly over the ages present, then the sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from sadal_core.ages import OLDEST_LABEL
from sadal_core.errors import ConfigError, DataError

Indices = Int[np.ndarray, " quadruplets"]


class Quadruplets(NamedTuple):
    """Positions of samples, one entry per quadruplet: the paper's i, j, k and l."""

    anchor: Indices
    positive: Indices
    younger: Indices
    older: Indices


class Roles(NamedTuple):
    """What the four samples of each quadruplet have: features, or embeddings."""

    anchor: Float[Tensor, "batch dim"]
    positive: Float[Tensor, "batch dim"]
    younger: Float[Tensor, "batch dim"]
    older: Float[Tensor, "batch dim"]


class Negatives(NamedTuple):
    """What the two negatives of each quadruplet have: generated features, embeddings, or Q.

    The younger one is paired with the anchor, the older one with the positive, as printed.
    """

    younger: Float[Tensor, "batch ..."]
    older: Float[Tensor, "batch ..."]


@dataclass(frozen=True)
class SamplerReport:
    """What a sampler can serve; a sample may lack several things at once.

    Attributes:
        samples: how many there are.
        anchors: how many are the anchor of one quadruplet in every epoch.
        no_positive: how many have nobody else of their age.
        no_younger: how many have nobody younger in the window.
        no_older: how many have nobody older in the window.
        unserved_ages: ages in years that occur, but never as an anchor's.
    """

    samples: int
    anchors: int
    no_positive: int
    no_younger: int
    no_older: int
    unserved_ages: tuple[int, ...]


class QuadrupletSampler:
    """Draws, for every sample that can be an anchor, one quadruplet per epoch.

    Time and memory grow linearly with the number of samples: they are grouped by age once, and
    an epoch is a handful of array operations.

    Attributes:
        ages: whole years, one per sample; gaps between them are what Q is to be taken of.
        age_window: largest gap of a negative in years; None is any.
        seed: see `epoch`.
        report: what can be served and what cannot.
    """

    def __init__(
        self,
        ages: Sequence[float | None] | Shaped[np.ndarray, "..."],
        *,
        age_window: int | None = 5,
        seed: int = 0,
    ) -> None:
        """Group the samples by age.

        Args:
            ages: one per sample, in years, from 0 to 120.
            age_window: largest gap of a negative in years (5 in the released code); None is any.
            seed: the quadruplets of an epoch are a function of the ages, this and the epoch.

        Raises:
            ConfigError: the window is below 1 year, or the seed negative.
            DataError: ages are missing or out of range, or no quadruplet can be made.
        """
        if age_window is not None and age_window < 1:
            raise ConfigError(f"age_window must be at least 1 year or None, got {age_window}.")
        if seed < 0:
            raise ConfigError(f"The seed must not be negative, got {seed}.")
        self.ages = whole_years(ages)
        self.age_window, self.seed = age_window, seed
        self._group(OLDEST_LABEL if age_window is None else age_window)
        within = "" if age_window is None else f" within {age_window} years"
        self._anchors, self.report = self._servable(within)

    def _group(self, window: int) -> None:
        # Tables by age (0 to 120) and by sample; `order` lists the samples by age.
        self._counts = np.bincount(self.ages, minlength=OLDEST_LABEL + 1)
        self._starts = np.cumsum(self._counts) - self._counts
        self._order = np.argsort(self.ages.astype(np.uint8), kind="stable")  # uint8: radix, linear
        self._rank = np.empty_like(self._order)
        self._rank[self._order] = np.arange(len(self.ages)) - self._starts[self.ages[self._order]]
        # Positions in `present`: younger ages are [first, here), older ones [here + 1, last).
        years = np.arange(OLDEST_LABEL + 1)
        self._present = np.flatnonzero(self._counts)
        self._here = np.searchsorted(self._present, years)
        self._first = np.searchsorted(self._present, years - window)
        self._last = np.searchsorted(self._present, years + window, side="right")

    def _servable(self, within: str) -> tuple[Int[np.ndarray, " anchors"], SamplerReport]:
        no_positive = self._counts < 2
        no_younger = self._first >= self._here
        no_older = self._here + 1 >= self._last
        unserved = no_positive | no_younger | no_older
        anchors = np.flatnonzero(~unserved[self.ages])
        report = SamplerReport(
            samples=len(self.ages),
            anchors=len(anchors),
            no_positive=self._samples_of(no_positive),
            no_younger=self._samples_of(no_younger),
            no_older=self._samples_of(no_older),
            unserved_ages=tuple(int(age) for age in self._present[unserved[self._present]]),
        )
        if len(self._present) == 1:
            raise DataError(
                f"All {report.samples} samples are {self._present[0]} years old. "
                "Add younger and older ones: a quadruplet needs both."
            )
        if not report.anchors:
            raise DataError(
                f"None of the {report.samples} samples can be an anchor: {report.no_positive} have "
                f"nobody of their age, {report.no_younger} nobody younger and {report.no_older} "
                f"nobody older{within}. Add samples or widen age_window."
            )
        return anchors, report

    def _samples_of(self, ages: Bool[np.ndarray, " years"]) -> int:
        return int(self._counts[ages].sum())

    def epoch(self, epoch: int) -> Quadruplets:
        """The quadruplets of `epoch` (from 0), shuffled; the same whenever it is asked for."""
        rng = np.random.default_rng([self.seed, epoch])
        anchor = rng.permutation(self._anchors)
        age = self.ages[anchor]
        # A step of 1 to count - 1 places around the circle of an age never returns to the anchor.
        step = rng.integers(1, self._counts[age])
        place = (self._rank[anchor] + step) % self._counts[age]
        positive = self._order[self._starts[age] + place]
        younger = self._draw(self._first[age], self._here[age], rng)
        older = self._draw(self._here[age] + 1, self._last[age], rng)
        return Quadruplets(anchor, positive, younger, older)

    def _draw(self, low: Indices, high: Indices, rng: np.random.Generator) -> Indices:
        """A sample for each range [low, high) of positions in `present`."""
        age = self._present[rng.integers(low, high)]
        return self._order[self._starts[age] + rng.integers(0, self._counts[age])]


def whole_years(
    ages: Sequence[float | None] | Shaped[np.ndarray, "..."],
) -> Int[np.ndarray, " samples"]:
    """Ages as whole years, halves upwards: the bin of `ages.GRID` that each falls in.

    Raises:
        DataError: no ages, ages that are no numbers, or an age that is missing, negative or
            above 120 years.
    """
    try:
        years = np.asarray(ages, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"The ages are not all numbers ({error}). Give them in years.") from None
    if years.ndim != 1 or len(years) == 0:
        raise DataError(f"Ages must be a list of at least one number, got shape {years.shape}.")
    wrong = np.flatnonzero(~((years >= 0) & (years <= OLDEST_LABEL)))  # NaN compares false
    if len(wrong):
        raise DataError(
            f"Sample {wrong[0]} has the age {years[wrong[0]]:g}; in all {len(wrong)} of "
            f"{len(years)} ages are missing, negative or above {OLDEST_LABEL} years. Leave these "
            "samples out."
        )
    return np.floor(years + 0.5).astype(np.int64)
