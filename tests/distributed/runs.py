"""The runs that are made by one process and by two, and how they are held against each other."""

import json
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from sadal_core.evaluation.ordering import order_interval
from sadal_core.rankers import KNNRanker
from sadal_core.weights import load_model
from tests.faults.stages import plant_pictures
from tests.lights import quick_commands

CHECKPOINT_STEPS = 4
STEP_OF_AGE = "sadal_core.training.loop.train_step"
STEP_OF_METRIC = "sadal_core.training.metric.run.MetricRun.advance"

# Enough steps for both phases of freezing, and for every kind of turn.
AGE = ("backbone=tiny", "epochs=4", "full_epochs=2", "frozen_stages=1", "batch_size=4",
       "learning_rate=0.005", "validation_fraction=0.4")  # fmt: skip
METRIC = ("batch_size=4", "hidden=8", "dim=4", "metric_epochs=1", "generator_epochs=1",
          "alternating_epochs=3", "learning_rate=0.01", "generator_rate=0.01",
          "synthetic=1", "tau=0.25")  # fmt: skip
TUNED = ("backbone=tuned", "backbone_rate=0.001")


class Runs(NamedTuple):
    """Folders of the runs, and the pictures that they learn from.

    Attributes:
        root: of the folders `age`, `metric` and `tuned`.
        data: folder of pictures.
        cache: of their crops.
        age_model: that the later stages start from.
    """

    root: Path
    data: Path
    cache: Path
    age_model: Path

    @classmethod
    def planted(cls, root: Path) -> "Runs":
        """Runs below `root`, from new pictures."""
        plant_pictures(root / "lights")
        return cls(root, root / "lights", root / "crops", root / "age" / "model")

    def at(self, root: Path) -> "Runs":
        """The same runs in other folders, from the same age model."""
        return self._replace(root=root)

    def age(self) -> list[str]:
        """Trains the age stage."""
        return [*self._start("age"), "--set", *AGE]

    def metric(self, name: str = "metric", *settings: str) -> list[str]:
        """Trains the metric stage."""
        stage = ["--stage", "metric", "--model", str(self.age_model)]
        return [*self._start(name), *stage, "--set", *METRIC, *settings]

    def tuned(self) -> list[str]:
        """Trains it through the backbone."""
        return self.metric("tuned", *TUNED)

    def _start(self, name: str) -> list[str]:
        pictures = ["--data", str(self.data), "--cache", str(self.cache), "--workers", "1"]
        return ["train", *pictures, "--out", str(self.root / name)]


@contextmanager
def quickly() -> Iterator[None]:
    """Commands with tiny networks, frequent checkpoints, and no ranker that takes its time."""
    with quick_commands(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sadal_core.training.metric.finish.RANKERS", {"knn": KNNRanker})
        few = partial(order_interval, draws=3)
        patch.setattr("sadal_core.evaluation.metric_report.order_interval", few)
        for loop in ("sadal_core.training.loop", "sadal_core.training.metric.loop"):
            patch.setattr(f"{loop}._CHECKPOINT_STEPS", CHECKPOINT_STEPS)
        yield


def interrupt() -> None:
    """What Ctrl-C does."""
    raise KeyboardInterrupt


@contextmanager
def stopped_at(called: str, number: int, *, how: Callable[[], None] = interrupt) -> Iterator[None]:
    """The run ends before the call of this number, as by Ctrl-C or otherwise."""
    call = pkgutil.resolve_name(called)
    before = iter(range(1, number))

    def stopping(*given: Any, **named: Any) -> Any:
        if next(before, None) is None:
            how()
        return call(*given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(called, stopping)
        yield


def seen(run: Path, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ages in years and embeddings that the finished model of a run gives to crops."""
    with quick_commands():
        made = load_model(run / "model")[0].predict(crops)
    return made.ages, made.embeddings


def records(run: Path) -> list[dict[str, Any]]:
    """Lines of the metrics of a run."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
