"""Pictures that are brighter with age, and what the commands make of them in no time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from sadal_core.backbones import BACKBONES
from sadal_core.cli import main
from sadal_core.faces.align import CropSpec
from sadal_core.faces.detect import Face, MediaPipeFaces
from sadal_core.metric import MetricModel
from sadal_core.weights import load_model
from tests.pictures import encoded
from tests.planted import TINY

Error = Callable[[], str]  # the sentence that a command has ended with
COUNT, HIDDEN, SEED = 40, 8, 7
_AGE_STAGE = ("backbone=tiny", "epochs=1", "batch_size=4", "validation_fraction=0.4")
_METRIC_STAGE = (
    "batch_size=4", f"hidden={HIDDEN}", "dim=4", f"seed={SEED}",
    "metric_epochs=1", "generator_epochs=1", "alternating_epochs=2",
)  # fmt: skip


class OneFace(MediaPipeFaces):
    """Finds a face so that each picture is its own crop."""

    def __init__(self) -> None:
        pass

    def __call__(self, image: np.ndarray) -> tuple[Face, ...]:
        side = float(image.shape[0])
        return (Face(np.array([0, 0, side, side]), CropSpec().template, 1.0),)


class Lights(NamedTuple):
    """What the commands have made of the pictures.

    Attributes:
        data: options that name the pictures.
        pictures: square, in the order of their names.
        age_model: folder of the model without a metric.
        run: folder of the metric stage.
    """

    data: list[str]
    pictures: list[np.ndarray]
    age_model: Path
    run: Path

    @property
    def model(self) -> Path:
        """Folder of the model with a metric."""
        return self.run / "model"

    def gallery(self, out: Path, *options: str, model: Path | None = None) -> int:
        """Status of the command that makes a gallery."""
        start = ["gallery", *self.data, "--model", str(model or self.model), "--out", str(out)]
        return main([*start, *options])

    def generator(self, out: Path, *settings: str, model: Path | None = None) -> int:
        """Status of the command that trains a generator alone."""
        start = ["train", "--stage", "generator", *self.data, "--out", str(out)]
        return main([*start, "--model", str(model or self.model), "--set", *settings])


def age(number: int) -> int:
    return 10 + 4 * (number // 2)  # two of every age, so that there are positives


@contextmanager
def quick_commands() -> Iterator[None]:
    """Commands know the backbone "tiny", and find a face in every picture at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES, "tiny", TINY)
        patch.setattr("sadal_core.data.found._detector", OneFace())
        patch.setattr("sadal_core.pipeline.MediaPipeFaces", OneFace)
        yield


def trained_lights(root: Path) -> Lights:
    """Patches, all of them different, with an age model and a metric that has learned from them."""
    folder = root / "lights"
    folder.mkdir()
    rng = np.random.default_rng(0)
    pictures = []
    for number in range(COUNT):
        patches = rng.integers(0, 120, (16, 16, 3), dtype=np.uint8) + age(number)
        pictures.append(cv2.resize(patches, (128, 128), interpolation=cv2.INTER_NEAREST))
        (folder / f"{number:02d}.png").write_bytes(encoded(pictures[-1]))
    rows = [f"{number:02d}.png,{age(number)}" for number in range(COUNT)]
    (folder / "labels.csv").write_text("\n".join(["path,age", *rows]))
    data = ["--data", str(folder), "--cache", str(root / "crops"), "--workers", "1"]
    made = Lights(data, pictures, root / "age" / "model", root / "metric")
    assert main(["train", *data, "--out", str(root / "age"), "--set", *_AGE_STAGE]) == 0
    stage = ["train", "--stage", "metric", *data, "--model", str(made.age_model)]
    assert main([*stage, "--out", str(made.run), "--set", *_METRIC_STAGE]) == 0
    return made


def metric_of(folder: Path) -> MetricModel:
    """The metric of a model."""
    metric = load_model(folder)[0].metric
    assert metric is not None
    return metric
