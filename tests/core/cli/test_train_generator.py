"""A generator alone, trained by the command against a metric that must stay as it is."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from sadal_core.backbones import BACKBONES
from sadal_core.cli import main
from sadal_core.faces.align import CropSpec
from sadal_core.faces.detect import Face, MediaPipeFaces
from sadal_core.files import sha256
from sadal_core.generator import HardNegativeGenerator
from sadal_core.generator_file import load_generator
from sadal_core.metric import MetricModel
from sadal_core.weights import load_model
from tests.pictures import encoded
from tests.planted import TINY

COUNT, HIDDEN, EPOCHS = 40, 8, 3
WEIGHTS = "model.safetensors"
METRIC = ["batch_size=4", f"hidden={HIDDEN}", "dim=4", "seed=7"]
PHASES = ["metric_epochs=1", "generator_epochs=1", "alternating_epochs=1"]
SHORT = [f"generator_epochs={EPOCHS}", "generator_rate=0.01"]


class OneFace(MediaPipeFaces):
    """Finds a face so that each picture is its own crop."""

    def __init__(self) -> None:
        pass

    def __call__(self, image: np.ndarray) -> tuple[Face, ...]:
        side = float(image.shape[0])
        return (Face(np.array([0, 0, side, side]), CropSpec().template, 1.0),)


class Made(NamedTuple):
    """What the commands before have made."""

    data: list[str]
    age_model: Path
    model: Path

    def generator(self, out: Path, *settings: str, model: Path | None = None) -> int:
        start = ["train", "--stage", "generator", *self.data, "--out", str(out)]
        return main([*start, "--model", str(model or self.model), "--set", *settings])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Patches, brighter with age, two of every age; an age model and a metric of them."""
    root = tmp_path_factory.mktemp("generator")
    folder = root / "lights"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = ["path,age"]
    for number in range(COUNT):
        age = 10 + 4 * (number // 2)
        patches = rng.integers(0, 120, (16, 16, 3), dtype=np.uint8) + age
        picture = cv2.resize(patches, (128, 128), interpolation=cv2.INTER_NEAREST)
        (folder / f"{number:02d}.png").write_bytes(encoded(picture))
        rows.append(f"{number:02d}.png,{age}")
    (folder / "labels.csv").write_text("\n".join(rows))
    data = ["--data", str(folder), "--cache", str(root / "crops"), "--workers", "1"]
    made = Made(data, root / "age" / "model", root / "metric" / "model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES, "tiny", TINY)
        patch.setattr("sadal_core.data.found._detector", OneFace())
        first = ["backbone=tiny", "epochs=1", "batch_size=4", "validation_fraction=0.3"]
        assert main(["train", *data, "--out", str(root / "age"), "--set", *first]) == 0
        stage = ["train", "--stage", "metric", *data, "--model", str(made.age_model)]
        assert main([*stage, "--out", str(root / "metric"), "--set", *METRIC, *PHASES]) == 0
        yield made


@pytest.fixture(scope="module")
def run(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one run: a linear generator against the metric."""
    out = tmp_path_factory.mktemp("runs") / "linear"
    assert made.generator(out, "generator=linear", *SHORT) == 0
    return out


def metric_of(folder: Path) -> MetricModel:
    metric = load_model(folder)[0].metric
    assert metric is not None
    return metric


def read(made: Made, run: Path, kind: str = "linear") -> HardNegativeGenerator:
    return load_generator(run / f"{kind}.safetensors", model=sha256(made.model / WEIGHTS))


def records(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_the_metric_is_the_same_to_the_bit_after_the_generator_has_learned(
    made: Made, run: Path
) -> None:
    metric = metric_of(made.model)
    state = torch.load(run / "state.pt", weights_only=True)["state"]
    for weights in (state["weights"], state["best"]["weights"]):
        kept = {name: value for name, value in weights.items() if ".generator." not in name}
        assert {f"metric.{name}" for name in ("mean", "scale")} < set(kept)
        assert len(kept) == 4
        for name, value in kept.items():
            assert torch.equal(value, metric.state_dict()[name.removeprefix("metric.")])
        # What the file holds is the generator of this very run.
        for name, value in read(made, run).state_dict().items():
            assert torch.equal(value, weights[f"metric.generator.{name}"])


def test_the_model_itself_is_left_alone(made: Made, run: Path) -> None:
    assert run.is_dir()
    _, manifest = load_model(made.model)  # which checks the weights
    assert {path.name for path in made.model.iterdir()} == {"manifest.json", WEIGHTS}
    assert manifest["config"]["generator"] == "mlp"
    kept = metric_of(made.model).generator
    assert kept is not None
    assert kept.kind == "mlp"


def test_only_the_generator_learns_and_it_does(made: Made, run: Path) -> None:
    lines = records(run)
    assert [line["phase"] for line in lines] == ["generator"] * EPOCHS
    steps = lines[0]["step"]
    assert steps >= 2
    assert [line["step"] for line in lines] == [steps * n for n in range(1, EPOCHS + 1)]
    known = ("validation_mae", "validation_order_correlation", "probe_total_variance")
    for name in known:  # of the real faces in the metric
        assert len({line[name] for line in lines}) == 1
    losses = [line["hard"] + line["reg"] + line["adv"] for line in lines]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.8 * losses[0]
    fresh = HardNegativeGenerator(8, kind="linear", hidden=HIDDEN).state_dict()
    assert {name: tuple(v.shape) for name, v in read(made, run).state_dict().items()} == {
        name: tuple(v.shape) for name, v in fresh.items()
    }


def test_the_file_loads_for_its_model_and_says_how_it_was_made(made: Made, run: Path) -> None:
    net = read(made, run)
    assert (net.kind, net.training) == ("linear", False)
    with safe_open(run / "linear.safetensors", "pt") as file:
        metadata = file.metadata()
    assert str(made.model.parents[1]) not in json.dumps(metadata)
    assert json.loads(metadata["shape"]) == {"features": 8, "kind": "linear", "hidden": HIDDEN}
    about = json.loads(metadata["about"])
    assert about["command"].startswith("python -m sadal_core train --stage generator")
    assert "generator=linear" in about["command"]
    assert about["model"] == load_model(made.model)[1]["sha256"]
    own, config = load_model(made.model)[1]["config"], about["config"]
    phases = {"metric_epochs": 0, "generator_epochs": EPOCHS, "alternating_epochs": 0}
    assert config == {**own, **phases, "generator": "linear", "generator_rate": 0.01}
    assert config["seed"] == 7


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    made: Made, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made.generator(tmp_path / "again", "generator=linear", *SHORT) == 0
    assert f"the generator is in {tmp_path / 'again' / 'linear.safetensors'}" in (
        capsys.readouterr().out
    )
    assert made.generator(tmp_path / "other", "generator=linear", "seed=8", *SHORT) == 0
    folders = (run, tmp_path / "again", tmp_path / "other")
    one, again, other = (load_file(folder / "linear.safetensors") for folder in folders)
    assert set(one) == set(again) == set(other)
    for name, tensor in one.items():
        assert torch.equal(tensor, again[name])
        assert not torch.equal(tensor, other[name])


def test_without_settings_it_learns_for_ten_epochs_of_the_models_own_kind(
    made: Made, tmp_path: Path
) -> None:
    assert made.generator(tmp_path) == 0
    assert len(records(tmp_path)) == 10
    own = metric_of(made.model).generator
    assert own is not None
    learned = read(made, tmp_path, "mlp").state_dict()
    assert set(learned) == set(own.state_dict())
    assert not torch.equal(learned["net.0.weight"], own.state_dict()["net.0.weight"])


def test_a_finished_run_is_written_again_as_it_was(made: Made, tmp_path: Path) -> None:
    assert made.generator(tmp_path, "generator_epochs=1") == 0
    first = load_file(tmp_path / "mlp.safetensors")
    (tmp_path / "mlp.safetensors").unlink()
    assert made.generator(tmp_path, "generator_epochs=1") == 0
    for name, tensor in load_file(tmp_path / "mlp.safetensors").items():
        assert torch.equal(tensor, first[name])
    assert len(records(tmp_path)) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["generator=midpoint"], "'midpoint' has nothing to learn"),
        (["generator=cubic"], "Unknown generator 'cubic'"),
        (["generator=none"], "generator is none"),
        (["metric_epochs=1"], "The metric stays in this stage"),
        (["alternating_epochs=2"], "only generator_epochs may be set"),
        (["backbone=tuned"], "The metric stays in this stage"),
        (["generator_epochs=0"], "at least one epoch"),
        (["epochs=3"], "Unknown setting 'epochs'"),
        (["batch_size=1000"], "batch takes 1000"),
    ],
)
def test_what_would_not_train_a_generator_alone_is_refused_and_nothing_is_written(
    made: Made,
    settings: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    assert made.generator(tmp_path / "out", *settings) == 2
    said = [t for t in capsys.readouterr().err.splitlines() if t.startswith("python -m")]
    assert len(said) == 1
    assert words in said[0]
    assert not (tmp_path / "out").exists()


def test_a_model_without_metric_is_refused_and_nothing_is_written(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made.generator(tmp_path / "out", "generator=linear", model=made.age_model) == 2
    assert "has no metric. Train one first: --stage metric" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("owner", [{"model": "b" * 64}, {}, "damaged"])
def test_a_folder_with_a_run_against_another_model_is_refused(
    made: Made, run: Path, tmp_path: Path, owner: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its checkpoint would be taken for one of this model, whose settings are the same."""
    other = tmp_path / "other"
    shutil.copytree(run, other)
    (other / "config.json").write_text(json.dumps(owner) if isinstance(owner, dict) else owner)
    before = (other / "linear.safetensors").read_bytes()
    assert made.generator(other, "generator=linear", *SHORT) == 2
    assert "holds a run against another model" in capsys.readouterr().err
    assert (other / "linear.safetensors").read_bytes() == before
