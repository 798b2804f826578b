"""What the steps of an epoch have reported: terms by name, their means and active shares."""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from sadal_core.objective import GeneratorTerms, MetricTerms
from sadal_core.training.distributed import gathered, size

Terms = TypeVar("Terms", GeneratorTerms, MetricTerms)


class StepTerms(NamedTuple):
    """Unweighted terms of each quadruplet; None for a player that had no turn."""

    generator: GeneratorTerms | None
    metric: MetricTerms | None

    def by_name(self) -> dict[str, Tensor]:
        """The terms of those who had a turn."""
        return {
            name: values
            for terms in self
            if terms is not None
            for name, values in terms._asdict().items()
        }

    def gathered(self) -> "StepTerms":
        """The terms of the whole batch, of which each process has its share."""
        if size() == 1:
            return self
        return StepTerms(
            self.generator and _gathered(self.generator), self.metric and _gathered(self.metric)
        )


def _gathered(terms: Terms) -> Terms:
    return type(terms)(*gathered(torch.stack(list(terms))))


@dataclass
class Tally:
    """Sums over the quadruplets of an epoch so far, by term.

    Attributes:
        sums: of the unweighted terms.
        active: how many quadruplets had the term above 0.
        counts: how many quadruplets.
    """

    sums: dict[str, float] = field(default_factory=dict)
    active: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, terms: StepTerms) -> None:
        """Count one batch."""
        for name, values in terms.by_name().items():
            self.sums[name] = self.sums.get(name, 0.0) + float(values.double().sum())
            self.active[name] = self.active.get(name, 0) + int((values > 0).sum())
            self.counts[name] = self.counts.get(name, 0) + len(values)

    def means(self) -> dict[str, float]:
        """Mean of each term, and the share of quadruplets in which it is above 0."""
        means = {name: total / self.counts[name] for name, total in self.sums.items()}
        shares = {f"{name}_active": n / self.counts[name] for name, n in self.active.items()}
        return means | shares
