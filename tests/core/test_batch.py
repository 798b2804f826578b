import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from sadal_core.batch import COLUMNS, estimate_pictures, find_pictures
from sadal_core.model import AgeModel
from sadal_core.pipeline import AgeEstimator
from tests.pictures import crowd, encoded


@pytest.fixture(scope="module")
def estimator() -> AgeEstimator:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return AgeEstimator(AgeModel("resnet18-half").eval(), {})


@pytest.fixture
def pictures(tmp_path: Path, astronaut: np.ndarray) -> Path:
    folder = tmp_path / "pictures"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a.png").write_bytes(encoded(astronaut))
    (folder / "deep" / "b.jpg").write_bytes(encoded(astronaut, "JPEG"))
    (folder / "deep" / "er" / "crowd.png").write_bytes(encoded(crowd(astronaut, 1, 3, (300, 900))))
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_a_folder_is_searched_to_any_depth_in_order(pictures: Path) -> None:
    found = [Path(picture.label).relative_to(pictures) for picture in find_pictures([pictures])]
    assert found == [Path("a.png"), Path("deep/b.jpg"), Path("deep/er/crowd.png")]


def test_a_zip_gives_the_rows_that_its_folder_gives(
    estimator: AgeEstimator, pictures: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "pictures.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(pictures.rglob("*")):
            file.write(path, path.relative_to(pictures))
    of_folder, of_zip = (
        [row for r in estimate_pictures(estimator, list(find_pictures([path]))) for row in r.rows]
        for path in (pictures, archive)
    )
    assert [row["face"] for row in of_folder] == [1, 1, 1, 2, 3]
    for a, b in zip(of_folder, of_zip, strict=True):
        assert {**a, "file": ""} == {**b, "file": ""}
        assert b["file"].startswith(str(archive))


def test_rows_have_the_promised_columns_in_px_and_years(
    estimator: AgeEstimator, pictures: Path
) -> None:
    (result,) = estimate_pictures(estimator, list(find_pictures([pictures / "a.png"])))
    (row,) = result.rows
    assert tuple(row) == COLUMNS
    assert result.was_read
    assert 170 < row["left"] < row["right"] < 290  # the astronaut's face
    assert 60 < row["top"] < row["bottom"] < 200
    assert 0.5 < row["score"] <= 1
    assert 0 <= row["age_low"] <= row["age"] <= row["age_high"] <= 100
    assert row["error"] == ""


def test_what_cannot_be_used_gets_one_row_with_the_reason(
    estimator: AgeEstimator, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "blank.png").write_bytes(encoded(np.zeros((90, 90, 3), np.uint8)))
    (tmp_path / "cut.jpg").write_bytes((pictures / "deep" / "b.jpg").read_bytes()[:2000])
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 not really")
    names = ("blank.png", "cut.jpg", "pictures/notes.txt", "gone.png", "empty", "bad.zip")
    found = list(find_pictures([tmp_path / name for name in names]))
    results = list(estimate_pictures(estimator, found))
    errors = [result.rows[0]["error"] for result in results]
    assert [len(result.rows) for result in results] == [1] * 6
    assert [result.was_read for result in results] == [True] + [False] * 5
    for error, words in zip(
        errors,
        ("No face was found", "damaged", "not a picture", "does not exist", "no pictures", "zip"),
        strict=True,
    ):
        assert words in error
        assert error.endswith(".") or words == "no pictures"


def test_results_come_in_the_order_of_the_pictures(estimator: AgeEstimator, pictures: Path) -> None:
    found = list(find_pictures([pictures / "a.png", pictures / "deep"])) * 20
    results = list(estimate_pictures(estimator, found, workers=3))
    assert [r.rows[0]["file"] for r in results] == [p.label for p in found]
    assert len({r.rows[0]["age"] for r in results[::3]}) == 1
