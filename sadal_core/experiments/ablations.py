"""The ablations of the metric stage: one thing changed at a time, same features, same split."""

from typing import Any, Final

import numpy as np
from jaxtyping import Float

from sadal_core.ages import median
from sadal_core.collapse import order_correlation, order_violations
from sadal_core.evaluation.metrics import bootstrap_mean, cumulative_scores, mae
from sadal_core.evaluation.retrieval import neighbour_mae
from sadal_core.features import FeatureSet
from sadal_core.files import jsonable
from sadal_core.rankers import ExpectationRanker, KNNRanker
from sadal_core.settings import overridden
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.finish import embedded, standardised
from sadal_core.training.metric.observe import Probe
from sadal_core.training.metric.sources import StoredFeatures
from sadal_core.training.metric.start import start_run

_NO_GENERATOR: Final = ("generator=none", "generator_epochs=0")
# Without Q every gap demands tau; .5 is about what the default demands of a gap of 18 years.
_NO_Q: Final = ("variant=none", "tau=0.5")
# tau / Q is largest at a gap of 1 year, where Q is .139: a tau above .55 could not be met.
_ON_DISTANCE: Final = ("q_on=distance", "tau=0.5")

ABLATIONS: Final[dict[str, tuple[str, ...]]] = {
    "sadal": (),
    "no Q": _NO_Q,
    "Q on distance (paper)": _ON_DISTANCE,
    "Q on distance, window 5 (paper)": (*_ON_DISTANCE, "age_window=5"),
    "wing_norm Q": ("variant=wing_norm", "tau=0.3"),
    "no generator": _NO_GENERATOR,
    "no generator, no Q": (*_NO_GENERATOR, *_NO_Q),
    "midpoint generator": ("generator=midpoint",),
    "linear generator (as released)": ("generator=linear",),
    "adversary off": ("adversarial=0",),
    "adversary: daml": ("adv=daml",),
    "adversary: printed": ("adv=printed",),
    "joint gradients (as released)": ("grad=joint",),
    "synthetic negatives only (paper)": ("real=0", "synthetic=1"),
}


def ablation(
    name: str, sides: tuple[FeatureSet, FeatureSet], base: MetricConfig, seed: int
) -> dict[str, Any]:
    """Train one variant and measure it on the held-out faces; the last epoch counts.

    Args:
        name: in `ABLATIONS`.
        sides: features of the training and of the held-out faces.
        base: what the variant changes.
        seed: of the run; the split stays.

    Returns:
        Its settings and figures; "age" holds the estimates of the held-out faces.
    """
    train, held_out = sides
    config = overridden(base, [*ABLATIONS[name], f"seed={seed}"])
    run = start_run(StoredFeatures(train), config)
    while not run.finished:
        run.advance()
    probe = Probe.draw(run.sampler)
    report = probe.report(probe.look(run))
    model = run.players.model
    return {
        "name": name,
        "seed": seed,
        "settings": list(ABLATIONS[name]),
        **read_ages(embedded(model, train), embedded(model, held_out), train, held_out),
        **{key: jsonable(getattr(report, key)) for key in _OF_THE_GENERATOR},
        "alarms": [str(alarm) for alarm in report.alarms()],
    }


_OF_THE_GENERATOR: Final = ("copy_ratio", "midpoint_residual", "adversary_active")


def control(sides: tuple[FeatureSet, FeatureSet]) -> dict[str, Any]:
    """The same figures for the features before the metric stage: cross-entropy alone.

    The backbone was trained on ages by cross-entropy; the same rankers are fitted to its
    standardised features, so that what differs is the metric.
    """
    train, held_out = sides
    known, new = standardised(train, held_out)
    return {"name": "cross-entropy control", "seed": 1} | read_ages(known, new, train, held_out)


def read_ages(
    known: Float[np.ndarray, "train dim"],
    new: Float[np.ndarray, "held dim"],
    train: FeatureSet,
    held_out: FeatureSet,
) -> dict[str, Any]:
    """Ages read off a space, and how well it is ordered."""
    ages = np.floor(held_out.ages + 0.5).astype(np.int64)
    made = median(ExpectationRanker().fit(known, train.ages).predict_proba(new))
    rng = np.random.default_rng(0)
    scores = cumulative_scores(held_out.ages, made)
    return {
        "mae": mae(held_out.ages, made),
        "interval": list(bootstrap_mean(np.abs(made - held_out.ages), held_out.units, seed=0)),
        "cs5": scores[5],
        "knn_mae": mae(held_out.ages, KNNRanker().fit(known, train.ages).predict(new)),
        "neighbour_mae": neighbour_mae(new, ages, units=held_out.units),
        "spearman": order_correlation(new, ages, rng=rng, pairs=100_000),
        "order_violations": order_violations(new, ages, rng=rng, triplets=100_000),
        "age": np.round(made, 3).tolist(),
    }


def difference(
    made: Float[np.ndarray, " held"], other: Float[np.ndarray, " held"], held_out: FeatureSet
) -> list[float]:
    """MAE of `made` less that of `other`, with the ends of its 95 % interval, paired by unit."""
    gain = np.abs(made - held_out.ages) - np.abs(other - held_out.ages)
    return [float(gain.mean()), *bootstrap_mean(gain, held_out.units, seed=0)]
