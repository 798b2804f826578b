"""From a folder of pictures with a labels.csv to a trained, measured model, by commands alone."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from sadal_core.cli import evaluate, main
from sadal_core.experiments import lopo
from sadal_core.kept import SEAL
from tests.pictures import encoded

COUNT = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, astronaut: np.ndarray) -> Path:
    """One face under lights of different strength, which stands for its age; three subjects."""
    folder = tmp_path_factory.mktemp("data") / "lights"
    folder.mkdir()
    rows = ["path,age,subject,sex"]
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        age = 10 + 4 * (number // 2)  # two of every age, so that there are positives
        picture = cv2.convertScaleAbs(astronaut[:300, 50:450], alpha=0.4 + number / COUNT)
        # Patches, different in each, keep the pictures out of one duplicate group.
        patches = cv2.resize(rng.integers(0, 256, (18, 24, 3), dtype=np.uint8), (400, 300))
        picture = cv2.addWeighted(picture, 0.5, patches, 0.5, 0)
        (folder / f"{number}.jpg").write_bytes(encoded(picture, "JPEG"))
        rows.append(f"{number}.jpg,{age},s{number % 3},{('female', 'male')[number % 2]}")
    (folder / "labels.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture
def short_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving one person out takes two epochs, and one penalty is not chosen from others."""
    monkeypatch.setattr(lopo, "FOLD", replace(lopo.FOLD, metric_epochs=1, alternating_epochs=1))
    monkeypatch.setattr(lopo, "_PENALTIES", (1e-3,))


@pytest.mark.usefixtures("short_folds")
def test_prepare_train_and_evaluate(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(folder), "--cache", str(tmp_path / "crops"), "--workers", "1"]
    assert main(["prepare", *data]) == 0
    assert "csv: " in capsys.readouterr().out

    settings = ["backbone=resnet18-half", "epochs=1", "batch_size=4", "validation_fraction=0.3"]
    train = ["train", *data, "--out", str(tmp_path / "run"), "--set", *settings]
    assert main(train) == 0
    printed = capsys.readouterr().out
    assert "validation MAE" in printed
    manifest = json.loads((tmp_path / "run" / "model" / "manifest.json").read_text())
    assert manifest["versions"]["torch"]
    assert str(tmp_path) not in json.dumps(manifest)  # a manifest names no path of the machine
    first = manifest["sha256"]
    assert main(train) == 0  # a finished run is measured again, not trained again
    again = json.loads((tmp_path / "run" / "model" / "manifest.json").read_text())
    assert again["sha256"] == first

    goes_on_from_a_finished_model(data, tmp_path, settings, first)
    capsys.readouterr()
    for protocol, extra in (("holdout", []), ("lopo", ["--readout", "ridge"])):
        out = tmp_path / f"{protocol}.json"
        options = ["--protocol", protocol, *extra, "--model", str(tmp_path / "run" / "model")]
        assert main(["evaluate", *data, *options, "--out", str(out)]) == 0
        result = json.loads(out.read_text())
        holds_together(result)
        assert result["model"]["sha256"] == first
        if protocol == "holdout":
            assert result["mae"] == pytest.approx(manifest["metrics"]["mae"], abs=1e-4)
    assert f"{result['mae']:.2f} years" in capsys.readouterr().out
    metric_stage(data, tmp_path, manifest)
    printed = capsys.readouterr().out
    assert "faces can be an anchor" in printed
    assert "Spearman" in printed


def goes_on_from_a_finished_model(
    data: list[str], tmp_path: Path, settings: list[str], first: str
) -> None:
    """A run may start from a finished model, and follow it; of another backbone it may not."""
    finished, out = str(tmp_path / "run" / "model"), tmp_path / "further"
    train = ["train", *data, "--init", finished, "--out", str(out)]
    following = ["distillation=0.5", "taught_on=face", "mixing=0.5"]
    assert main([*train, "--teacher", finished, "--set", *settings, *following]) == 0
    manifest = json.loads((out / "model" / "manifest.json").read_text())
    assert manifest["initialisation"]["sha256"] == manifest["teachers"][0]["sha256"] == first
    assert "--init run --teacher run" in manifest["command"]
    assert manifest["sha256"] != first
    assert manifest["initialisation"]["config"]["backbone"] == "resnet18-half"
    for wrong in ("backbone=mobilefacenet", "seed=2"):  # which would measure on faces learned from
        assert main([*train, "--set", *settings, wrong]) == 2
    nothing = ["train", *data, "--out", str(out), "--init", str(tmp_path)]
    assert main([*nothing, "--set", *settings]) == 2


def holds_together(result: dict[str, Any]) -> None:
    """The parts of a result file add up."""
    assert len(result["cs"]) == 11
    assert result["interval"][0] <= result["mae"] <= result["interval"][1]
    assert {row["value"] for row in result["groups"]} == {"female", "male"}
    for rows in (result["bands"], result["groups"]):
        assert sum(row["n"] for row in rows) == result["n"]


def metric_stage(data: list[str], tmp_path: Path, age_manifest: dict[str, Any]) -> None:
    """Train the metric on the age model, measure it in every way, and compare two variants."""
    age_model, model = tmp_path / "run" / "model", tmp_path / "metric" / "model"
    small = ["batch_size=4", "hidden=8", "dim=4", "metric_epochs=1", "generator_epochs=1"]
    settings = ["--set", *small, "alternating_epochs=1"]
    train = ["train", "--stage", "metric", *data, "--model", str(age_model)]
    assert main([*train, "--out", str(tmp_path / "metric"), *settings]) == 0
    manifest = json.loads((model / "manifest.json").read_text())
    assert str(tmp_path) not in json.dumps(manifest)
    assert manifest["split"] == age_manifest["split"]
    for kept in ("config", "temperature", "calibration"):
        assert manifest["age_stage"][kept] == age_manifest[kept]
    assert {row["name"] for row in manifest["rankers"]} == {"expectation", "ohranker", "knn"}
    chosen = min(manifest["rankers"], key=lambda row: row["mae"])
    assert manifest["parts"]["ranker"]["name"] == chosen["name"]
    assert set(manifest["metric_space"]) == {"sadal", "warm_start"}
    assert len(list((tmp_path / "metric" / "snapshots").iterdir())) == 3

    def evaluated(*options: str) -> dict[str, Any]:
        out = tmp_path / "evaluated.json"
        assert main(["evaluate", *data, "--model", str(model), "--out", str(out), *options]) == 0
        return json.loads(out.read_text())

    held_out = evaluated("--protocol", "holdout")
    assert held_out["mae"] == pytest.approx(manifest["metrics"]["mae"], abs=1e-4)
    control = evaluated("--protocol", "holdout", "--control")
    assert control["mae"] == pytest.approx(age_manifest["metrics"]["mae"], abs=1e-4)
    assert control["readout"] == "control"
    refuses_a_stale_control(data, model, tmp_path / "refused.json")
    faces = COUNT - age_manifest["data"][0]["n_without_face"]
    leaves_persons_out(evaluated, faces)
    compare_variants(data, age_model, tmp_path, settings)


def test_persons_that_are_unknown_are_missed_before_anything_is_computed(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    unknown = tmp_path / "unknown"
    unknown.mkdir()
    (unknown / "0.jpg").write_bytes((folder / "30.jpg").read_bytes())
    (unknown / "labels.csv").write_text("path,age\n0.jpg,10")
    monkeypatch.setattr(evaluate, "feature_sets", lambda *_: pytest.fail("computed for nothing"))
    data = ["--data", str(unknown), "--cache", str(tmp_path / "crops"), "--workers", "1"]
    out = tmp_path / "result.json"
    assert main(["evaluate", *data, "--protocol", "lopo", "--out", str(out)]) == 2
    assert "who is in each picture" in capsys.readouterr().err
    assert not out.exists()


def leaves_persons_out(evaluated: Callable[..., dict[str, Any]], faces: int) -> None:
    """With the backbone as it is, and with its last stages tuned."""
    still = evaluated("--protocol", "lopo", "--readout", "sadal")
    assert (still["readout"], still["n"], still["tuning"]) == ("sadal", faces, {})
    for readout in ("ridge", "head"):
        tuned = evaluated("--protocol", "lopo", "--readout", readout, "--tune")
        assert (tuned["n"], tuned["tuning"]["stages"]) == (faces, 3)
        assert f"--readout {readout} --tune" in tuned["command"]


def refuses_a_stale_control(data: list[str], model: Path, out: Path) -> None:
    """A metric stage that tuned the backbone leaves no control."""
    path = model / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["config"]["backbone"] = "tuned"
    del manifest[SEAL]
    path.write_text(json.dumps(manifest))
    options = ["--protocol", "holdout", "--control", "--out", str(out)]
    assert main(["evaluate", *data, "--model", str(model), *options]) == 2
    assert not out.exists()


def compare_variants(data: list[str], age_model: Path, tmp_path: Path, settings: list[str]) -> None:
    out = tmp_path / "ablations.json"
    only = ["--only", "sadal", "no generator", "--seeds", "1", "2", "--runs", str(tmp_path / "ab")]
    ablate = ["ablate", *data, "--model", str(age_model), "--out", str(out), *only, *settings]
    assert main(ablate) == 0
    rows = {row["name"]: row for row in json.loads(out.read_text())["rows"]}
    assert set(rows) == {"cross-entropy control", "sadal", "no generator"}
    assert rows["sadal"]["seeds"] == 2
    assert rows["sadal"]["mae_minus_sadal"] == [0, 0, 0]
    first = out.read_text()
    kept = sorted((tmp_path / "ab").iterdir())
    times = [path.stat().st_mtime_ns for path in kept]
    assert main(ablate) == 0  # finished variants are read, not trained again
    assert out.read_text() == first
    assert [path.stat().st_mtime_ns for path in kept] == times
    # A damaged result and one of another model are made anew.
    kept[0].write_text("{")
    other = json.loads(kept[1].read_text())
    other["key"]["model"] = "another"
    kept[1].write_text(json.dumps(other))
    assert main(ablate) == 0
    assert json.loads(out.read_text())["rows"] == json.loads(first)["rows"]
    assert [p.stat().st_mtime_ns == t for p, t in zip(kept, times, strict=True)][:2] == [False] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["prepare", "--data", "nowhere"], "nowhere does not exist"),
        (["train", "--data", "nowhere", "--out", "run", "--set", "epoch=1"], "Unknown setting"),
        (["evaluate", "--data", "a", "b", "--protocol", "lopo", "--out", "x"], "one data set"),
        (["evaluate", "--data", "a", "--protocol", "unseen", "--tune", "--out", "x"],
         "--tune goes with --protocol lopo"),
        (["evaluate", "--data", "a", "--protocol", "lopo", "--readout", "head", "--out", "x"],
         "The readout head learns nothing but by the tuning"),
        (["ablate", "--data", "a", "--out", "x", "--only", "magic"], "Unknown variant 'magic'"),
        (["train", "--stage", "metric", "--data", "a", "--out", "x", "--set", "tau=0"], "tau must"),
        (["evaluate", "--data", "nowhere", "--protocol", "lopo", "--out", "x", "--model", "m"],
         "manifest.json does not exist"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_status_2(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert len(error.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_table_without_ages_names_the_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    (tmp_path / "labels.csv").write_text("path,years\na.jpg,3\n")
    assert main(["prepare", "--data", str(tmp_path)]) == 2
    assert "labels.csv" in (error := capsys.readouterr().err)
    assert "lacks the column age" in error
