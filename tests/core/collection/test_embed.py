import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from sadal_core.batch import COLUMNS
from sadal_core.collection.folder import MANIFEST
from sadal_core.faces.image import decode_file
from sadal_core.files import sha256
from sadal_core.kept import read_sealed
from sadal_core.pipeline import AgeEstimator

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., int]
SHARD = ("--shard-size", "5")
COUNT = 12  # pictures; the last is none


def rows_of(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "shards")


def test_a_folder_holds_the_rows_of_the_table(run: Run, pictures: Path, tmp_path: Path) -> None:
    table, folder = tmp_path / "ages.csv", tmp_path / "ages"
    assert run("estimate", pictures, "--out", table) == 0
    assert run("estimate", pictures, "--out", folder, *SHARD) == 0
    rows = rows_of(folder)
    assert tuple(rows.columns) == COLUMNS
    with table.open(newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    for row, wanted in zip(rows.to_dict("records"), expected, strict=True):
        for name, text in wanted.items():
            missing = pd.isna(row[name])
            assert missing if text == "" else str(row[name]) in (text, f"{text}.0"), name
    assert rows["error"].notna().sum() == 1


@pytest.mark.parametrize("bits", [16, 32])
def test_embed_gives_the_numbers_of_estimate_and_the_vectors_of_the_model(
    run: Run, pictures: Path, model: Path, tmp_path: Path, bits: int
) -> None:
    run("estimate", pictures, "--out", tmp_path / "ages", *SHARD)
    options = ("--vectors", "features", "embedding", "--bits", bits, *SHARD)
    assert run("embed", pictures, "--out", tmp_path / "embedded", *options) == 0
    rows = rows_of(tmp_path / "embedded")
    pd.testing.assert_frame_equal(rows[list(COLUMNS)], rows_of(tmp_path / "ages"))
    estimator = AgeEstimator.from_folder(model)
    faces = rows.loc[rows["error"].isna()]
    assert len(faces) == COUNT - 1
    for _, row in faces.iterrows():
        (face,) = estimator.estimate(decode_file(Path(row["file"])))
        for name in ("features", "embedding"):
            vector = getattr(face, name)
            assert row[name].dtype == f"float{bits}"
            np.testing.assert_array_equal(row[name], vector.astype(f"float{bits}"))
    assert np.ptp(np.stack(faces["embedding"].tolist()), axis=0).min() > 0.001  # and they differ
    broken = rows[rows["error"].notna()].iloc[0]
    assert np.isnan(broken["embedding"]).all()
    assert np.isnan(broken["features"]).all()


def test_vectors_are_lists_of_a_fixed_size_that_numpy_reads_at_once(
    run: Run, pictures: Path, tmp_path: Path
) -> None:
    run("embed", pictures, "--out", tmp_path / "out", *SHARD)
    shard = pq.read_table(tmp_path / "out" / "shards" / "000000.parquet")
    assert str(shard.schema.field("embedding").type) == "fixed_size_list<element: float>[4]"
    flat = shard["embedding"].combine_chunks().flatten().to_numpy()
    np.testing.assert_allclose(np.linalg.norm(flat.reshape(-1, 4), axis=1), 1, atol=1e-6)


def test_the_manifest_says_what_the_shards_are_of(
    run: Run, pictures: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run("embed", pictures, "--out", out, *SHARD)
    manifest = read_sealed(out / MANIFEST)
    weights = json.loads((model / "manifest.json").read_text("utf-8"))["sha256"]
    assert manifest["complete"]
    assert (manifest["command"], manifest["model"]) == ("embed", weights)
    assert (manifest["pictures"], manifest["read"], manifest["faces"]) == (COUNT, 11, 11)
    assert [shard["pictures"] for shard in manifest["shards"]] == [5, 5, 2]
    for shard in manifest["shards"]:
        assert sha256(out / shard["file"]) == shard["sha256"]
        assert pq.read_metadata(out / shard["file"]).num_rows == shard["rows"]
        metadata = pq.read_schema(out / shard["file"]).metadata
        assert metadata[b"sadal.model"].decode() == weights
    assert manifest["columns"][-1] == {"name": "embedding", "width": 4, "type": "float32"}


def test_status_is_2_when_nothing_could_be_read(
    run: Run, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("embed", pictures / "deep" / "zz.jpg", "--out", tmp_path / "out") == 2
    assert "None of the pictures could be read" in capsys.readouterr().err
    (row,) = rows_of(tmp_path / "out").to_dict("records")
    assert "zz.jpg is not a picture" in row["error"]


def test_what_the_documentation_shows_reads_the_folder(
    run: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("embed", pictures, "--out", tmp_path / "embedded", *SHARD)
    text = (ROOT / "docs" / "collections.md").read_text("utf-8")
    at_once, by_shard = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    monkeypatch.chdir(tmp_path)
    known: dict[str, np.ndarray] = {}
    exec(at_once, known)
    assert known["embeddings"].shape == (COUNT - 1, 4)
    exec(by_shard, known)
    assert known["embeddings"].shape == (2, 4)  # of the last shard


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--shard-size", "0"], "--shard-size must be at least 1, got 0."),
        (["--workers", "0"], "--workers must be at least 1, got 0."),
        (["--json"], "--json prints rows, and OUT is a folder: give one."),
    ],
)
def test_options_that_make_no_sense_are_one_sentence(
    run: Run, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    options: list[str], said: str,
) -> None:  # fmt: skip
    out = tmp_path / "out"
    assert run("estimate", pictures, "--out", out, *options) == 2
    assert said.replace("OUT", str(out)) in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("option", ["--processes", "--ray"])
def test_other_workers_need_a_folder(
    run: Run, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert run("estimate", pictures, "--out", tmp_path / "a.csv", option) == 2
    assert "fill a folder. Name one with --out DIR." in capsys.readouterr().err
