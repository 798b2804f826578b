"""The models that were tried, with their error and what a face costs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import FiniteFloat

from app.results import Interval, read_results
from sadal_core.bundled import RESULTS
from sadal_core.errors import DataError

_TIMES: Final = "benchmark-backbones.json"


@dataclass(frozen=True)
class Tried:
    """A model that was trained.

    Attributes:
        name: of its run.
        backbone: name of its architecture.
        mae: on held-out faces, in years.
        interval: of the MAE, 95 %.
        milliseconds: of the backbone on one face and one core, in ONNX Runtime.
        bundled: whether the page's model was made from it.
    """

    name: str
    backbone: str
    mae: float
    interval: tuple[float, float]
    milliseconds: float
    bundled: bool = False


@dataclass(frozen=True)
class _Measured:
    mae: FiniteFloat
    interval: Interval


@dataclass(frozen=True)
class _Manifest:
    backbone: str
    command: str
    revision: str
    metrics: _Measured


@dataclass(frozen=True)
class _Architecture:
    backbone: str
    onnx_ms: FiniteFloat


@dataclass(frozen=True)
class _Times:
    architectures: tuple[_Architecture, ...]


def load_tried(
    folder: Path = RESULTS, model: Mapping[str, Any] = MappingProxyType({})
) -> tuple[tuple[Tried, ...], tuple[str, ...]]:
    """The models whose runs are stored, and a sentence for each file that was left out.

    Without times there are none; a run of an architecture that was not timed is not drawn.

    Args:
        folder: of the results.
        model: manifest of the page's model, whose age stage is one of the runs.
    """
    if not (folder / _TIMES).is_file():
        return (), ()
    try:
        stored = read_results(folder / _TIMES, _Times)
    except DataError as error:
        return (), (str(error),)
    times = {one.backbone: one.onnx_ms for one in stored.architectures}
    stage = model.get("age_stage", model)
    made_by = (stage.get("command"), stage.get("revision"))
    made, notes = [], []
    for path in sorted((folder / "experiments").glob("*/manifest.json")):
        try:
            manifest = read_results(path, _Manifest)
        except DataError as error:
            notes.append(f"{path.parent.name}: {error}")
            continue
        if manifest.backbone in times:
            measured = manifest.metrics
            made.append(Tried(
                path.parent.name, manifest.backbone, measured.mae, measured.interval,
                times[manifest.backbone],
                (manifest.command, manifest.revision) == made_by,
            ))  # fmt: skip
    return tuple(made), tuple(notes)
