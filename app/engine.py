"""The networks behind the page: loaded once, by whoever needs them first.

Nothing here imports torch before it is needed, so that the page is served first.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from app.batching import SharedPasses
from sadal_core.errors import ConfigError
from sadal_core.manifest import generator_path

if TYPE_CHECKING:  # at run time these would import torch
    from sadal_core.gallery.stored import Gallery
    from sadal_core.generator import HardNegativeGenerator
    from sadal_core.hard_negatives import HardNegatives
    from sadal_core.lab.faces import LabFaces
    from sadal_core.metric import MetricModel
    from sadal_core.pipeline import AgeEstimator, FaceEstimate
    from sadal_core.quadruplets import Quadruplets

_TRAINED: Final = ("mlp", "linear")

Estimate = Callable[[np.ndarray], "tuple[FaceEstimate, ...]"]
Standardise = Callable[[np.ndarray], np.ndarray]
Generate = Callable[["Gallery", "Quadruplets", str], "HardNegatives"]


def no_generator(gallery: "Gallery", quadruplets: "Quadruplets", kind: str) -> "HardNegatives":
    """Where there are no networks.

    Raises:
        ConfigError: always.
    """
    raise ConfigError("There is no generator here.")


def lab_faces(gallery: "Gallery | None") -> "Callable[[str], LabFaces]":
    """The lab's data by name, each made once: all visitors learn from the same."""

    @cache
    def faces(name: str) -> "LabFaces":
        from sadal_core.lab.faces import LAB_DATA

        return LAB_DATA[name](gallery)

    return faces


@dataclass
class Engine:
    """The estimator of one model folder, loaded once.

    Attributes:
        folder: of the model.
        drawing: held while networks are made: their first weights, though replaced at once, come
            from torch's one random generator.
    """

    folder: Path
    drawing: "AbstractContextManager[object]" = field(default_factory=threading.RLock)
    _estimator: "AgeEstimator | None" = None

    def estimate(self, image: np.ndarray) -> "tuple[FaceEstimate, ...]":
        """Faces of `image`, largest first."""
        return self._loaded().estimate(image)

    def warm_up(self) -> None:
        """Load everything and run it once; the first pass through a network is the slowest."""
        estimator = self._loaded()
        side = estimator.model.spec.crop.size
        estimator.model.predict(np.zeros((1, side, side, 3), np.uint8))
        estimator.estimate(np.zeros((480, 640, 3), np.uint8))

    def standardise(self, features: np.ndarray) -> np.ndarray:
        """X of features of the backbone, (N, F): the space before SADAL."""
        import torch

        return self._metric().standardise(torch.from_numpy(features)).numpy()

    def generate(
        self, gallery: "Gallery", quadruplets: "Quadruplets", kind: str
    ) -> "HardNegatives":
        """What a generator makes of quadruplets of a gallery, in the model's metric.

        Args:
            gallery: its features are read and its settings give Q and the hinges.
            quadruplets: positions among its samples.
            kind: the model's own generator, or one that was trained for comparison.

        Raises:
            ConfigError: there is no such generator, or the model has no metric.
        """
        import torch

        from sadal_core.hard_negatives import hard_negatives
        from sadal_core.training.metric.config import MetricConfig

        metric = self._metric()
        with self.drawing:
            generator = self._generator(metric, kind)
        return hard_negatives(
            generator,
            metric.head,
            torch.from_numpy(gallery.features),
            gallery.ages,
            quadruplets,
            MetricConfig(**gallery.about["config"]).objective,
        )

    @property
    def generators(self) -> tuple[str, ...]:
        """Kinds that can be compared with the model's own."""
        trained = [k for k in _TRAINED if generator_path(self.folder, k).is_file()]
        return (*trained, "midpoint")

    def _metric(self) -> "MetricModel":
        metric = self._loaded().model.metric
        if metric is None:
            raise ConfigError("This model has no metric.")
        return metric

    def _generator(self, metric: "MetricModel", kind: str) -> "HardNegativeGenerator":
        from sadal_core.generator import HardNegativeGenerator
        from sadal_core.generator_file import load_generator

        if metric.generator is not None and metric.generator.kind == kind:
            return metric.generator
        if kind == "midpoint":
            return HardNegativeGenerator(len(metric.mean), kind=kind)
        path = generator_path(self.folder, kind)
        if kind not in self.generators or not path.is_file():
            raise ConfigError(f"This model has no generator {kind!r}.")
        return load_generator(path, model=self._loaded().manifest["sha256"])

    def _loaded(self) -> "AgeEstimator":
        with self.drawing:
            if self._estimator is None:
                from sadal_core.pipeline import AgeEstimator

                estimator = AgeEstimator.from_folder(self.folder)
                estimator.predict = SharedPasses(estimator.predict)
                self._estimator = estimator
            return self._estimator
