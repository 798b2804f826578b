"""A generator alone, trained by the command against a metric that must stay as it is."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from sadal_core.files import sha256
from sadal_core.generator import HardNegativeGenerator
from sadal_core.generator_file import load_generator
from sadal_core.weights import load_model
from tests.lights import HIDDEN, SEED, Error, Lights, metric_of, quick_commands

EPOCHS = 3
WEIGHTS = "model.safetensors"
SHORT = [f"generator_epochs={EPOCHS}", "generator_rate=0.01"]


@pytest.fixture(scope="module")
def run(lights: Lights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one run: a linear generator against the metric."""
    out = tmp_path_factory.mktemp("runs") / "linear"
    with quick_commands():
        assert lights.generator(out, "generator=linear", *SHORT) == 0
    return out


def read(made: Lights, run: Path, kind: str = "linear") -> HardNegativeGenerator:
    return load_generator(run / f"{kind}.safetensors", model=sha256(made.model / WEIGHTS))


def records(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_the_metric_is_the_same_to_the_bit_after_the_generator_has_learned(
    made: Lights, run: Path
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


def test_the_model_itself_is_left_alone(made: Lights, run: Path) -> None:
    assert run.is_dir()
    _, manifest = load_model(made.model)  # which checks the weights
    assert {path.name for path in made.model.iterdir()} == {"manifest.json", WEIGHTS}
    assert manifest["config"]["generator"] == "mlp"
    kept = metric_of(made.model).generator
    assert kept is not None
    assert kept.kind == "mlp"


def test_only_the_generator_learns_and_it_does(made: Lights, run: Path) -> None:
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


def test_the_file_loads_for_its_model_and_says_how_it_was_made(made: Lights, run: Path) -> None:
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
    assert config["seed"] == SEED


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    made: Lights, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made.generator(tmp_path / "again", "generator=linear", *SHORT) == 0
    assert f"the generator is in {tmp_path / 'again' / 'linear.safetensors'}" in (
        capsys.readouterr().out
    )
    assert made.generator(tmp_path / "other", "generator=linear", f"seed={SEED + 1}", *SHORT) == 0
    folders = (run, tmp_path / "again", tmp_path / "other")
    one, again, other = (load_file(folder / "linear.safetensors") for folder in folders)
    assert set(one) == set(again) == set(other)
    for name, tensor in one.items():
        assert torch.equal(tensor, again[name])
        assert not torch.equal(tensor, other[name])


def test_without_settings_it_learns_for_ten_epochs_of_the_models_own_kind(
    made: Lights, tmp_path: Path
) -> None:
    assert made.generator(tmp_path) == 0
    assert len(records(tmp_path)) == 10
    own = metric_of(made.model).generator
    assert own is not None
    learned = read(made, tmp_path, "mlp").state_dict()
    assert set(learned) == set(own.state_dict())
    assert not torch.equal(learned["net.0.weight"], own.state_dict()["net.0.weight"])


def test_a_finished_run_is_written_again_as_it_was(made: Lights, tmp_path: Path) -> None:
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
    made: Lights, settings: list[str], words: str, tmp_path: Path, error: Error
) -> None:
    assert made.generator(tmp_path / "out", *settings) == 2
    assert words in error()
    assert not (tmp_path / "out").exists()


def test_a_model_without_metric_is_refused_and_nothing_is_written(
    made: Lights, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made.generator(tmp_path / "out", "generator=linear", model=made.age_model) == 2
    assert "has no metric. Train one first: --stage metric" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("owner", [{"model": "b" * 64}, {}, "damaged"])
def test_a_folder_with_a_run_against_another_model_is_refused(
    made: Lights, run: Path, tmp_path: Path, owner: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its checkpoint would be taken for one of this model, whose settings are the same."""
    other = tmp_path / "other"
    shutil.copytree(run, other)
    (other / "config.json").write_text(json.dumps(owner) if isinstance(owner, dict) else owner)
    before = (other / "linear.safetensors").read_bytes()
    assert made.generator(other, "generator=linear", *SHORT) == 2
    assert "holds a run against another model" in capsys.readouterr().err
    assert (other / "linear.safetensors").read_bytes() == before
