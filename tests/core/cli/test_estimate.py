import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sadal_core.batch import COLUMNS
from sadal_core.cli import main
from sadal_core.model import AgeModel
from sadal_core.weights import save_model
from tests.pictures import encoded


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AgeModel("resnet18-half").eval()
    save_model(model, folder, {"backbone": "resnet18-half", "metrics": {}, "bands": []})
    return folder


@pytest.fixture
def photo(tmp_path: Path, astronaut: np.ndarray) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(astronaut))
    return path


def estimate(*arguments: object) -> int:
    return main(["estimate", *map(str, arguments)])


def test_the_table_has_one_row_per_face(photo: Path, model_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new folder" / "ages.csv"
    assert estimate(photo, tmp_path / "gone.jpg", "--out", out, "--model", model_folder) == 0
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["file"] for row in rows] == [str(photo), str(tmp_path / "gone.jpg")]
    assert float(rows[0]["age_low"]) <= float(rows[0]["age"]) <= float(rows[0]["age_high"])
    assert rows[0]["error"] == ""
    assert "does not exist" in rows[1]["error"]
    assert list(out.parent.iterdir()) == [out]  # and no temporary file beside it


def test_json_on_standard_output_says_the_same(
    photo: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ages.csv"
    assert estimate(photo, "--json", "--out", out, "--model", model_folder) == 0
    (row,) = json.loads(capsys.readouterr().out)
    with out.open(newline="", encoding="utf-8") as file:
        (stored,) = csv.DictReader(file)
    assert {key: str(value) for key, value in row.items()} == stored


def test_status_is_2_when_nothing_could_be_read(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    assert estimate(tmp_path, "--json", "--model", model_folder) == 2
    printed = capsys.readouterr()
    (row,) = json.loads(printed.out)
    assert "text.jpg is not a picture" in row["error"]
    assert "None of the pictures could be read" in printed.err


def test_a_missing_or_damaged_model_is_one_sentence(
    photo: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert estimate(photo, "--model", tmp_path / "nowhere") == 2
    assert "manifest.json does not exist" in capsys.readouterr().err
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for file in model_folder.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes()[:-1] + b" ")
    assert estimate(photo, "--model", damaged) == 2
    error = capsys.readouterr().err
    assert "model.safetensors is damaged" in error
    assert "Traceback" not in error


def test_a_table_that_cannot_be_written_is_named(
    photo: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert estimate(photo, "--out", photo / "ages.csv", "--model", model_folder) == 2
    assert "ages.csv cannot be written" in capsys.readouterr().err
