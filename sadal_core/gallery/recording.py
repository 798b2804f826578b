"""The metric after every epoch, from the folder of a run of the metric stage."""

import json
from pathlib import Path

import torch

from sadal_core.errors import DataError
from sadal_core.gallery.epochs import Recorded
from sadal_core.metric import MetricModel
from sadal_core.training.metric.config import MetricConfig, Phase
from sadal_core.training.metric.snapshots import recorded_metrics


def recording(
    folder: Path, metric: MetricModel, config: MetricConfig, *, repetition: bool = False
) -> list[Recorded]:
    """The epochs of the run up to the one whose metric the model has.

    Args:
        folder: of the run.
        metric: of the model.
        config: it was trained with.
        repetition: the run is another one with the same settings, whose metric differs where
            another processor has rounded otherwise: all its epochs are taken as they are.

    Raises:
        DataError: it holds no run, or neither the model's nor, if asked for, a repetition of it.
    """
    try:
        stored = json.loads((folder / "config.json").read_text("utf-8"))["config"]
        known = MetricConfig(**stored)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder} holds no run of the metric stage.") from error
    if repetition and known != config:
        raise DataError(f"{folder} holds a run with other settings than the model's.")
    made: list[Recorded] = []
    for number, then in recorded_metrics(folder / "snapshots"):
        made.append(Recorded(number, known.phase(number - 1) is not Phase.METRIC, then))
        if not repetition and _same(then, metric):
            return made
    if repetition and made:
        return made
    raise DataError(
        f"The model is not one of those recorded in {folder}. Give the run that it was made by."
    )


def _same(one: MetricModel, other: MetricModel) -> bool:
    mine, its = one.state_dict(), other.state_dict()
    if mine.keys() != its.keys():
        return False
    return all(torch.equal(value, its[name]) for name, value in mine.items())
