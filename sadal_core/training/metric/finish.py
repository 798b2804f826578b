"""The end of a metric run: rankers on the embedding, the best of them, and the whole model."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from sadal_core.ages import median
from sadal_core.data.crops import Crops
from sadal_core.evaluation.metric_report import measured_metric
from sadal_core.evaluation.metrics import mae
from sadal_core.features import FeatureSet
from sadal_core.metric import MetricModel
from sadal_core.model import AgeModel
from sadal_core.rankers import RANKERS, Ranker
from sadal_core.training.finish import SplitSettings, finish

_REPORT_SEED = 0


class RankerScore(NamedTuple):
    """How a ranker does on held-out faces, MAE in years.

    Attributes:
        name: in `RANKERS`.
        mae: of the median of its distribution, which is what a model shows.
        own_mae: of its own `predict`.
    """

    name: str
    mae: float
    own_mae: float


@torch.no_grad()
def embedded(model: MetricModel, faces: FeatureSet) -> Float[np.ndarray, "faces dim"]:
    """Embeddings of faces as they are."""
    return model(faces.plain.to(model.mean.device)).cpu().numpy()


def standardised(
    train: FeatureSet, other: FeatureSet
) -> tuple[Float[np.ndarray, "train features"], Float[np.ndarray, "other features"]]:
    """X of both, with mean and deviation of `train`: the space before there is a metric."""
    space = MetricModel(train.features.shape[2])
    space.standardise_to(train.plain)
    return space.standardise(train.plain).numpy(), space.standardise(other.plain).numpy()


def best_ranker(
    model: MetricModel, train: FeatureSet, held_out: FeatureSet, *, learned: Ranker | None = None
) -> tuple[Ranker, list[RankerScore]]:
    """Every ranker, learned from the training faces; the one with the smallest held-out MAE.

    Args:
        model: the metric.
        train: features that rankers learn from.
        held_out: features of the faces on which they are compared.
        learned: takes the place of the one of its kind, if it is given.

    Returns:
        The winner, and the scores of all in the order of `RANKERS`.
    """
    known, new = embedded(model, train), embedded(model, held_out)
    rankers = {
        name: learned if learned and type(learned) is kind else kind().fit(known, train.ages)
        for name, kind in RANKERS.items()
    }
    scores = [
        RankerScore(
            name,
            mae(held_out.ages, median(ranker.predict_proba(new))),
            mae(held_out.ages, ranker.predict(new)),
        )
        for name, ranker in rankers.items()
    ]
    winner = min(scores, key=lambda score: score.mae)
    return rankers[winner.name], scores


def finish_metric(
    model: AgeModel,
    metric: MetricModel,
    sides: tuple[FeatureSet, FeatureSet],
    parts: list[Crops],
    split: SplitSettings,
    folder: Path,
    *,
    about: dict[str, Any],
) -> dict[str, Any]:
    """Give `model` the metric and the best ranker, measure it, and write it to `folder`.

    Args:
        model: the age model whose features the metric was learned on.
        metric: what the run ended with.
        sides: features of the training and of the held-out faces.
        parts: crops of all data sets.
        split: of the age stage.
        folder: created if need be.
        about: what else the manifest should say.

    Returns:
        The manifest, with "rankers" (scores on held-out faces) and "metric_space" (figures of
        the metric and, as "warm_start", of the features it started from).
    """
    train, held_out = sides
    ranker, scores = best_ranker(metric, train, held_out)
    ages = np.floor(held_out.ages + 0.5).astype(np.int64)
    spaces = {
        "sadal": embedded(metric, held_out),
        "warm_start": model.embed(held_out.plain).numpy(),
    }
    figures = {
        name: measured_metric(space, ages, held_out.units, np.random.default_rng(_REPORT_SEED))
        for name, space in spaces.items()
    }
    model.metric, model.ranker = metric.cpu().eval(), ranker
    record = {
        **about,
        "rankers": [score._asdict() for score in scores],
        "metric_space": figures,
    }
    return finish(model.eval(), parts, split, folder, about=record)
