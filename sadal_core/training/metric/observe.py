"""What is recorded at the end of an epoch: terms, active fractions, detectors, validation."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int

from sadal_core.collapse import (
    CollapseReport,
    order_correlation,
    order_violations,
    space_figures,
)
from sadal_core.evaluation.retrieval import neighbour_mae
from sadal_core.files import jsonable
from sadal_core.hard_negatives import HardNegatives, hard_negatives
from sadal_core.quadruplets import Quadruplets, QuadrupletSampler
from sadal_core.training.metric.run import MetricRun
from sadal_core.training.metric.sources import Source

_PROBE_SEED = 0
_NEIGHBOURS = 10


class Sight(NamedTuple):
    """The metric at one moment: embeddings of the probe's faces, and what G makes of them.

    Attributes:
        embeddings: of the probe's faces.
        negatives: of the probe's quadruplets, as positions among its faces; None without G.
    """

    embeddings: Float[np.ndarray, "faces dim"]
    negatives: HardNegatives | None


@dataclass(frozen=True)
class Probe:
    """A fixed set of training quadruplets, looked at after every epoch.

    Attributes:
        faces: positions of its faces among the training faces, rising.
        ages: of these faces in whole years.
        quadruplets: positions among `faces`.
    """

    faces: Int[np.ndarray, " faces"]
    ages: Int[np.ndarray, " faces"]
    quadruplets: Quadruplets

    @classmethod
    def draw(cls, sampler: QuadrupletSampler, count: int = 500) -> "Probe":
        """The first `count` quadruplets of a draw that training does not use."""
        other = QuadrupletSampler(sampler.ages, age_window=sampler.age_window, seed=_PROBE_SEED)
        drawn = np.stack([column[:count] for column in other.epoch(2**31)])
        faces, places = np.unique(drawn, return_inverse=True)
        return cls(faces, sampler.ages[faces], Quadruplets(*places.reshape(drawn.shape)))

    @torch.no_grad()
    def look(self, run: MetricRun) -> Sight:
        """The probe's faces and synthetic negatives in the metric of this moment."""
        model = run.players.model
        x = model.standardise(run.source.plain(self.faces).to(model.mean.device))
        embeddings = model.head(x).cpu().numpy()
        if model.generator is None:
            return Sight(embeddings, None)
        objective = run.config.objective
        made = hard_negatives(
            model.generator, model.head, x, self.ages, self.quadruplets, objective
        )
        return Sight(embeddings, made)

    def report(self, sight: Sight) -> CollapseReport:
        """The detectors of collapse; those of G are NaN without one."""
        rng = np.random.default_rng(_PROBE_SEED)
        if sight.negatives is not None:
            return sight.negatives.collapse_report(sight.embeddings, self.ages, rng)
        of_generator = ("copy_ratio", "midpoint_residual", "adversary_active", "metric_active")
        unknown = dict.fromkeys(of_generator, float("nan"))
        return CollapseReport(**space_figures(sight.embeddings, self.ages, rng), **unknown)


class Validation(NamedTuple):
    """How good the metric is on held-out faces.

    Attributes:
        mae: of the mean age of the 10 nearest other held-out faces, in years.
        order_correlation: Spearman's, of squared distance and age gap.
        order_violations: share of triplets in which the smaller gap is not nearer.
    """

    mae: float
    order_correlation: float
    order_violations: float


@torch.no_grad()
def validate(run: MetricRun, held_out: Source) -> Validation:
    """Measure the metric of this moment on held-out faces."""
    model = run.players.model
    features = held_out.plain(np.arange(len(held_out.ages)))
    embeddings = model(features.to(model.mean.device)).cpu().numpy()
    ages = np.floor(held_out.ages + 0.5).astype(np.int64)
    rng = np.random.default_rng(_PROBE_SEED)
    return Validation(
        neighbour_mae(embeddings, ages, neighbours=_NEIGHBOURS),
        order_correlation(embeddings, ages, rng=rng),
        order_violations(embeddings, ages, rng=rng),
    )


def epoch_record(run: MetricRun, report: CollapseReport, validation: Validation) -> dict[str, Any]:
    """One line of the run's metrics, about the epoch that has just ended; NaN becomes None."""
    numbers = {
        **run.tally.means(),
        **{f"probe_{name}": value for name, value in asdict(report).items()},
        **{f"validation_{name}": value for name, value in validation._asdict().items()},
    }
    return {
        "step": run.step,
        "epoch": run.epoch - 1,
        "phase": str(run.config.phase(run.epoch - 1)),
        **jsonable(numbers),
        "alarms": [str(alarm) for alarm in report.alarms()],
    }
