"""What a gallery is made of, planted: faces, a metric with a generator; and a UMAP of no time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from sadal_core.gallery.build import Faces, Training, build_gallery
from sadal_core.gallery.epochs import Recorded
from sadal_core.gallery.maps import MapSettings
from sadal_core.gallery.stored import Gallery
from sadal_core.metric import MetricModel
from sadal_core.objective import Objective
from tests.planted_features import planted_features

WINDOW = 12


class FakeUmap:
    """A random projection; with a start, half of it on top of the start."""

    transform_seed = 42

    def __init__(self, space: np.ndarray, axes: int, seed: int, start: np.ndarray | None) -> None:
        self._axes = np.random.default_rng(seed).normal(size=(space.shape[1], axes))
        drawn = space @ self._axes
        self.embedding_ = (drawn if start is None else start + drawn / 2).astype(np.float32)

    def transform(self, points: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(self.transform_seed).normal(size=(len(points), 1))
        return points @ self._axes + noise / 100


def fake_umap_of(
    space: np.ndarray, axes: int, settings: MapSettings, *, start: np.ndarray | None = None
) -> Any:
    """In the place of `maps.umap_of`."""
    return FakeUmap(space, axes, settings.seed, start)


@contextmanager
def fake_umap() -> Iterator[None]:
    """Galleries are drawn with `FakeUmap`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sadal_core.gallery.drawing.umap_of", fake_umap_of)
        patch.setattr("sadal_core.gallery.maps.umap_of", fake_umap_of)
        yield


def planted_faces(count: int = 70, *, seed: int = 0) -> Faces:
    """Faces from 10 to 49 years old."""
    features = planted_features(count, seed=seed)
    ids = np.array([f"planted/{number:03d}.png" for number in range(count)])
    return Faces(ids, features.ages.astype(np.int64), features.plain.numpy())


def planted_metric(faces: Faces, *, seed: int = 0, generator: str = "mlp") -> MetricModel:
    """A metric with random weights, standardised to `faces`."""
    torch.manual_seed(seed)
    model = MetricModel(faces.features.shape[1], dim=6, generator=generator, hidden=8)
    model.standardise_to(torch.from_numpy(faces.features))
    return model.eval()


def planted_training(faces: Faces, metric: MetricModel, *, epochs: int = 3) -> Training:
    """A recording on the way from random weights to `metric`; at first nothing is generated."""
    recorded = [
        Recorded(number, number > 1, _towards(metric, planted_metric(faces, seed=100), share))
        for number, share in enumerate(np.linspace(0, 1, epochs + 1)[1:], start=1)
    ]
    return Training(Objective(tau=0.3), WINDOW, recorded)


def _towards(end: MetricModel, start: MetricModel, share: float) -> MetricModel:
    """`start` with weights that have gone this share of the way."""
    goal = end.state_dict()
    between = {
        name: goal[name] if share == 1 else torch.lerp(value, goal[name], share)
        for name, value in start.state_dict().items()
    }
    start.load_state_dict(between)
    return start


def quick_gallery(
    *, count: int = 70, epochs: int = 3, settings: MapSettings | None = None
) -> Gallery:
    """A gallery of planted faces, drawn with `FakeUmap`."""
    faces = planted_faces(count)
    metric = planted_metric(faces)
    training = planted_training(faces, metric, epochs=epochs)
    with fake_umap():
        gallery = build_gallery(metric, training, faces, settings or MapSettings())
    return replace(gallery, about={"model": "of the planted metric", **gallery.about})
