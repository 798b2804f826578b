"""A few pictures, a tiny model, and a detector that finds one face in each at once."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.pictures import encoded

if TYPE_CHECKING:
    from sadal_core.model import AgeModel

COUNT = 11


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Eleven pictures in two folders, all different, and one file that is none."""
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        patches = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
        place = folder / "deep" if number % 2 else folder
        (place / f"{number:02d}.png").write_bytes(encoded(patches))
    (folder / "deep" / "zz.jpg").write_text("no picture")
    return folder


@pytest.fixture
def model(tmp_path: Path, tiny: "AgeModel", monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of a model with a metric of four dimensions."""
    import torch

    from sadal_core.metric import MetricModel
    from sadal_core.weights import save_model
    from tests.lights import OneFace

    monkeypatch.setattr("sadal_core.pipeline.MediaPipeFaces", OneFace)
    torch.manual_seed(1)
    tiny.metric = MetricModel(tiny.spec.features, dim=4)
    save_model(tiny, tmp_path / "model", {"backbone": "tiny", "metrics": {}, "bands": []})
    return tmp_path / "model"


@pytest.fixture
def run(model: Path) -> Callable[..., int]:
    """Status of a command with this model."""
    from sadal_core.cli import main

    def command(name: str, *arguments: object) -> int:
        return main([name, *map(str, arguments), "--model", str(model)])

    return command
