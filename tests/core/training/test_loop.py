import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from sadal_core.ages import gaussian_labels
from sadal_core.backbones import BACKBONES
from sadal_core.calibration import Calibration
from sadal_core.data.crops import Crops
from sadal_core.errors import ConfigError, DataError
from sadal_core.model import AgeModel
from sadal_core.training import loop
from sadal_core.training.config import TrainConfig
from sadal_core.training.faces import FaceSet
from sadal_core.training.loop import Origin, fit
from sadal_core.training.strided import StridedDepthwise
from sadal_core.training.teachers import taught_on_faces
from sadal_core.weights import load_model
from tests.planted import TINY, planted_crops

PARTS = [planted_crops(150), planted_crops(90, seed=1, dataset="second")]
FEW = [planted_crops(50), planted_crops(32, seed=1, dataset="second")]  # 4 steps an epoch


class KilledError(Exception):
    pass


@pytest.fixture(scope="module")
def config() -> Iterator[TrainConfig]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES, "tiny", TINY)
        patch.setattr(loop, "_CHECKPOINT_STEPS", 3)
        yield TrainConfig(
            backbone="tiny", epochs=3, batch_size=16, learning_rate=5e-3, validation_fraction=0.2
        )


def train(
    config: TrainConfig, folder: Path, *, parts: list[Crops] = FEW, stop_at: int | None = None
) -> dict[str, Any]:
    def progress(done: int, total: int, text: str) -> None:
        if done == stop_at:
            raise KilledError

    return fit(parts, config, folder, about={"revision": "test"}, progress=progress)


@pytest.fixture(scope="module")
def unbroken(config: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing has stopped; to be read only."""
    folder = tmp_path_factory.mktemp("unbroken")
    train(config, folder)
    return folder


@pytest.fixture
def finished(unbroken: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(unbroken, tmp_path / "finished"))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_model(folder / "model")[0].state_dict()


def test_a_run_learns_and_its_manifest_says_what_was_measured(
    config: TrainConfig, tmp_path: Path
) -> None:
    manifest = train(replace(config, epochs=12), tmp_path, parts=PARTS)
    ages = np.concatenate([crops.ages for crops in PARTS])
    constant = np.abs(ages - np.median(ages)).mean()
    assert manifest["metrics"]["mae"] < 0.7 * constant
    assert manifest["metrics"]["n"] == sum(row["n_validation"] for row in manifest["data"])
    weighted = sum(row["mae"] * row["n_validation"] for row in manifest["data"])
    assert manifest["metrics"]["mae"] == pytest.approx(weighted / manifest["metrics"]["n"])
    assert sum(band["n"] for band in manifest["bands"]) == manifest["metrics"]["n"]
    assert manifest["config"]["epochs"] == 12
    model, stored = load_model(tmp_path / "model")
    assert stored["metrics"] == manifest["metrics"]
    assert model.temperature == stored["temperature"] == 1
    assert model.calibration == Calibration.restored(stored["calibration"])
    assert stored["calibration"]["coverage"][0]["n"] == manifest["metrics"]["n"]


@pytest.mark.parametrize("stop_at", [1, 3, 4, 10])
def test_a_killed_run_goes_on_to_the_same_weights(
    config: TrainConfig, unbroken: Path, tmp_path: Path, stop_at: int
) -> None:
    with pytest.raises(KilledError):
        train(config, tmp_path, stop_at=stop_at)
    resumed = train(config, tmp_path)
    assert resumed["metrics"] == load_model(unbroken / "model")[1]["metrics"]
    first, second = weights(unbroken), weights(tmp_path)
    assert all(torch.equal(first[name], second[name]) for name in first)
    lines = [(folder / "metrics.jsonl").read_text() for folder in (unbroken, tmp_path)]
    assert lines[0] == lines[1]
    assert [json.loads(line)["step"] for line in lines[0].splitlines()] == [3, 4, 6, 8, 9, 12]


def test_another_seed_gives_another_model(
    config: TrainConfig, unbroken: Path, tmp_path: Path
) -> None:
    train(replace(config, seed=2), tmp_path)
    assert not torch.equal(weights(unbroken)["head.weight"], weights(tmp_path)["head.weight"])


def test_a_folder_with_other_settings_is_refused(config: TrainConfig, finished: Path) -> None:
    settings = (finished / "config.json").read_text()
    with pytest.raises(DataError, match="another learning_rate"):
        train(replace(config, learning_rate=1e-3), finished)
    assert (finished / "config.json").read_text() == settings


def test_a_damaged_checkpoint_is_named(config: TrainConfig, finished: Path) -> None:
    state = finished / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"state\.pt is damaged\. Delete it"):
        train(config, finished)


@pytest.mark.parametrize(("share", "teachers"), [(0.0, 1), (0.5, 0)])
def test_teachers_and_the_share_that_follows_them_need_each_other(
    share: float, teachers: int, config: TrainConfig, tmp_path: Path
) -> None:
    origin = Origin(teachers=[AgeModel("tiny") for _ in range(teachers)])
    with pytest.raises(ConfigError, match="Teachers need the setting distillation above 0"):
        fit(PARTS, replace(config, distillation=share), tmp_path, origin=origin, about={})


def test_teachers_can_be_asked_about_faces_only_where_there_are_any(
    config: TrainConfig, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="taught_on=face needs teachers"):
        fit(PARTS, replace(config, taught_on="face"), tmp_path, about={})


def test_teachers_are_asked_about_the_unchanged_face_where_that_is_set(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def said(teachers: list[AgeModel], faces: FaceSet) -> torch.Tensor:
        asked.append(len(faces))
        return taught_on_faces(teachers, faces)

    monkeypatch.setattr(loop, "taught_on_faces", said)
    for taught_on in ("view", "face"):
        settings = replace(config, distillation=0.5, taught_on=taught_on, epochs=1)
        origin = Origin(teachers=[AgeModel("tiny").eval()])
        fit(FEW, settings, tmp_path / taught_on, origin=origin, about={})
    assert len(asked) == 1


@pytest.mark.parametrize(("precision", "exchanged"), [("bfloat16", 3), ("float32", 0)])
def test_on_a_processor_in_bfloat16_strided_layers_have_fast_gradients(
    precision: str, exchanged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "device", lambda: torch.device("cpu"))
    run = loop._start(TrainConfig(precision=precision), lambda model: None)
    assert sum(type(layer) is StridedDepthwise for layer in run.model.modules()) == exchanged
    assert not any(type(layer) is StridedDepthwise for layer in run.average.model.modules())


@pytest.mark.parametrize("taught_on", ["view", "face"])
def test_a_student_whose_whole_loss_is_the_teachers_learns_what_it_is_taught(
    taught_on: str, config: TrainConfig, tmp_path: Path
) -> None:
    """A teacher that takes everybody for 20 makes the student do so too."""
    teacher = AgeModel("tiny").eval()
    nn.init.zeros_(teacher.head.weight)
    with torch.no_grad():
        everybody = gaussian_labels(torch.tensor([20.0]), sigma=2.0)[0]
        teacher.head.bias.copy_(everybody.clamp_min(1e-9).log())
    settings = replace(config, distillation=1.0, taught_on=taught_on, epochs=40, validate_every=25)
    fit(PARTS, settings, tmp_path, origin=Origin(teachers=[teacher]), about={})
    split = {"fraction": config.validation_fraction, "seed": config.seed}
    true = np.concatenate([part.ages[part.holdout(**split).validation] for part in PARTS])
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    errors = {row["epoch"]: row["validation_mae"] for row in records if "validation_mae" in row}
    assert list(errors) == [24, 39]
    assert errors[39] == pytest.approx(np.abs(true - 20).mean(), rel=0.1)
