"""A calibration fitted anew, by the command alone."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sadal_core.cli import main
from sadal_core.evaluation import calibrate
from sadal_core.weights import load_model
from tests.lights import Error, Lights


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())


def test_the_same_faces_give_the_same_model(made: Lights, tmp_path: Path) -> None:
    assert main(["calibrate", *made.data, "--model", str(made.model), "--out", str(tmp_path)]) == 0
    before, after = manifest(made.model), manifest(tmp_path)
    assert after.pop("calibrated")["command"].startswith("python -m sadal_core calibrate --data")
    del before["entries_sha256"], after["entries_sha256"]
    assert after == before, "also the weights, by their digest"


def test_the_file_for_onnx_runtime_stays(made: Lights, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(made.model, model)
    assert main(["onnx", "--model", str(model)]) == 0
    backbone, before = (model / "backbone.onnx").read_bytes(), manifest(model)
    for out in (tmp_path / "other", model):
        assert main(["calibrate", *made.data, "--model", str(model), "--out", str(out)]) == 0
        assert (out / "backbone.onnx").read_bytes() == backbone
        assert manifest(out)["onnx_sha256"] == before["onnx_sha256"]
        assert load_model(out)[0].engine is not None


def test_only_intervals_change(
    made: Lights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(calibrate, "KNOTS", (0, 40, 80))
    assert main(["calibrate", *made.data, "--model", str(made.model), "--out", str(tmp_path)]) == 0
    before, after = manifest(made.model), manifest(tmp_path)
    assert after["calibration"]["knots"] == [0, 40, 80] != before["calibration"]["knots"]
    assert [after[name] for name in ("sha256", "config", "revision", "split")] == [
        before[name] for name in ("sha256", "config", "revision", "split")
    ]
    assert after["metrics"]["mae"] == pytest.approx(before["metrics"]["mae"])
    whole = after["calibration"]["coverage"][0]
    assert (
        f"all: 80 % intervals hold {100 * whole['cross_fitted']:.1f} %" in capsys.readouterr().out
    )


def test_other_faces_are_refused(made: Lights, tmp_path: Path, error: Error) -> None:
    pictures, out = tmp_path / "others", tmp_path / "out"
    shutil.copytree(made.data[1], pictures)
    labels = pictures / "labels.csv"
    labels.write_text(labels.read_text().replace(",10\n", ",11\n"))
    data = ["--data", str(pictures), *made.data[2:]]
    assert main(["calibrate", *data, "--model", str(made.model), "--out", str(out)]) == 2
    assert "held out of a model's own data. Give what it was trained on: csv." in error()
    assert not out.exists()
