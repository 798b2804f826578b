"""Exported files against what is computed here."""

import argparse
import csv
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sadal_core.cli import export as command
from sadal_core.errors import DataError
from sadal_core.gallery import export
from sadal_core.gallery.stored import Gallery
from tests.exported import everyone, nearest
from tests.planted_gallery import TILE, planted_gallery, planted_pictures

WRITERS = [export.write_parquet, export.write_csv, export.write_projector]
NASTY = 'a\ttab, a\nline\r\n and a "quote'


def nasty(gallery: Gallery) -> Gallery:
    return replace(gallery, ids=np.array([f"{NASTY}{face}" for face in range(len(gallery))]))


def colours(picture: np.ndarray, tile: int) -> np.ndarray:
    """The middle of every tile of a sheet, row by row."""
    return picture[tile // 2 :: tile, tile // 2 :: tile].reshape(-1, 3).astype(int)


def test_samples_come_first_and_then_the_generated_negatives(gallery: Gallery) -> None:
    rows = export.table(gallery)
    assert rows["id"].tolist() == [
        *gallery.ids.tolist(),
        *(f"generated/{row:06d}" for row in range(64)),
    ]
    assert rows["kind"].tolist() == ["real"] * 40 + ["generated"] * 64
    source = gallery.negatives["source"].tolist()
    assert rows["age"].tolist() == [20 + 5 * (face % 10) for face in [*range(40), *source]]
    assert len(set(rows["age"][40:])) > 5
    for name, drawn in (("projection", "umap"), ("before", "umap"), ("pca", "pca")):
        full = f"{'before' if name == 'before' else 'after'}-{drawn}"
        places = [*gallery.maps[full].tolist(), *gallery.negative_maps[full].tolist()]
        assert rows[[f"{name}_x", f"{name}_y"]].to_numpy().tolist() == [p[:2] for p in places]


def test_a_generated_negative_stands_beside_its_quadruplet(gallery: Gallery) -> None:
    made = export.table(gallery).iloc[40:]
    where = {name: face for face, name in enumerate(gallery.ids.tolist())}
    points = everyone(gallery)
    for row, (_, one) in enumerate(made.iterrows()):
        anchor, positive, source = (where[one[f"{r}_id"]] for r in ("anchor", "positive", "source"))
        assert gallery.ages[anchor] == gallery.ages[positive] == one["anchor_age"]
        assert gallery.ages[source] == one["age"] != one["anchor_age"]
        assert anchor != positive
        for name, other in (("before", source), ("after", 40 + row)):
            distance = math.dist(points[anchor], points[other]) ** 2
            assert one[f"distance_{name}"] == pytest.approx(distance, rel=1e-4)
        assert one["metric_active"] == (one["distance_after"] < one["demanded"])
    assert set(made["metric_active"]) == {True, False}


def test_a_sample_lacks_what_belongs_to_a_quadruplet(gallery: Gallery) -> None:
    rows = export.table(gallery)
    own = {"id", "kind", "age", "neighbors"} | {
        f"{name}_{axis}" for name in ("projection", "before", "pca") for axis in "xy"
    }
    theirs = [name for name in rows if name not in own]
    stored = {*gallery.negatives} - {"anchor", "positive", "source", "source_age"}
    assert {*theirs} == stored | {"anchor_id", "positive_id", "source_id"}
    missing = rows.isna()[theirs].to_numpy()
    assert missing[:40].all()
    assert not missing[40:].any()


def test_neighbours_are_the_nearest_samples_at_their_squared_distance(gallery: Gallery) -> None:
    for row, found in enumerate(export.table(gallery)["neighbors"]):
        expected = nearest(gallery, row)[:15]
        assert found["ids"].tolist() == [face for _, face in expected]
        assert found["distances"] == pytest.approx([d for d, _ in expected], rel=1e-5)
        assert found["distances"][-1] > 1.5 * found["distances"][0] > 0


def test_parquet_keeps_numbers_and_the_form_of_the_neighbours(
    gallery: Gallery, tmp_path: Path
) -> None:
    path = tmp_path / "new folder" / "gallery.parquet"
    export.write_parquet(gallery, path)
    schema = pq.read_schema(path)
    assert str(schema.field("neighbors").type) == (
        "struct<ids: list<element: int32>, distances: list<element: float>>"
    )
    assert str(schema.field("anchor_age").type) == "int64"
    assert str(schema.field("metric_active").type) == "bool"
    expected, stored = export.table(gallery), pd.read_parquet(path)
    pd.testing.assert_frame_equal(
        stored.drop(columns="neighbors"), expected.drop(columns="neighbors")
    )
    for one, other in zip(stored["neighbors"], expected["neighbors"], strict=True):
        assert {name: one[name].tolist() for name in one} == {
            name: other[name].tolist() for name in other
        }
    assert [file.name for file in path.parent.iterdir()] == ["gallery.parquet"]


def test_csv_has_the_table_without_the_neighbours(gallery: Gallery, tmp_path: Path) -> None:
    export.write_csv(nasty(gallery), tmp_path / "gallery.csv")
    with (tmp_path / "gallery.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    expected = export.table(gallery).drop(columns="neighbors")
    assert list(rows[0]) == list(expected)
    assert [row["id"] for row in rows[:40]] == [f"{NASTY}{face}" for face in range(40)]
    assert rows[40]["source_id"] == f"{NASTY}{gallery.negatives['source'][0]}"
    assert rows[0]["anchor_id"] == rows[0]["q"] == rows[0]["metric_active"] == ""
    for name in ("age", "projection_x", "pca_y"):
        assert [float(row[name]) for row in rows] == pytest.approx(expected[name].tolist())
    for name in ("q", "distance_after", "anchor_age"):
        assert [float(row[name]) for row in rows[40:]] == pytest.approx(expected[name][40:])


def test_no_name_breaks_the_lines_of_the_projector(gallery: Gallery, tmp_path: Path) -> None:
    export.write_projector(nasty(gallery), tmp_path)
    lines = (tmp_path / "metadata.tsv").read_bytes().decode().removesuffix("\n").split("\n")
    cells = [line.split("\t") for line in lines]  # as the projector does it
    assert {len(row) for row in cells} == {22}
    assert len(cells) == 1 + 104
    assert [row[0] for row in cells[1:41]] == [
        f'a tab, a line   and a "quote{face}' for face in range(40)
    ]
    assert not any("\r" in line or '""' in line for line in lines)


def test_the_sprite_is_square_and_shows_each_row_in_its_place(
    gallery: Gallery, projector: Path
) -> None:
    with Image.open(projector / "sprite.png") as file:
        image = np.asarray(file.convert("RGB"))
    columns = 11  # 104 rows
    assert image.shape == (columns * TILE, columns * TILE, 3)
    pictures = planted_pictures()[:, 0, 0].astype(int)
    shown = [*range(40), *(nearest(gallery, row)[0][1] for row in range(40, 104))]
    assert len(set(shown[40:])) > 10
    found = colours(image, TILE)
    assert np.abs(found[:104] - pictures[shown]).max() < 10  # WebP is not exact; steps are of 30
    assert not found[104:].any()


def test_tiles_shrink_where_the_sprite_would_be_too_large(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_LARGEST", 100)
    export.write_projector(gallery, tmp_path)
    with Image.open(tmp_path / "sprite.png") as file:
        image = np.asarray(file.convert("RGB"))
    assert image.shape == (99, 99, 3)
    assert (tmp_path / "projector_config.pbtxt").read_text().count("single_image_dim: 9\n") == 2
    pictures = planted_pictures()[:, 0, 0].astype(int)
    assert np.abs(colours(image, 9)[:40] - pictures).max() < 10


@pytest.mark.parametrize("write", WRITERS)
def test_a_folder_that_cannot_be_written_is_named(
    write: Callable[[Gallery, Path], None], gallery: Gallery, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DataError, match=r"file.* cannot be written .*another folder"):
        write(gallery, tmp_path / "file" / "inside")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_without_pictures_there_is_no_projector(gallery: Gallery, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures before it is stored"):
        export.write_projector(planted_gallery(), tmp_path / "out")
    for name, content in (("gone.webp", None), ("damaged.webp", b"no picture")):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=f"{name} is missing or damaged"):
            export.write_projector(replace(gallery, sheet=tmp_path / name), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    export.write_csv(planted_gallery(), tmp_path / "out" / "gallery.csv")  # needs none


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(argument) for argument in arguments]))


def test_the_command_writes_all_formats_and_says_what_opens_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--gallery", folder, "--out", tmp_path) == 0
    assert {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.*")} == {
        "gallery.parquet", "gallery.csv", "projector/tensors.tsv", "projector/metadata.tsv",
        "projector/sprite.png", "projector/projector_config.pbtxt",
    }  # fmt: skip
    printed = capsys.readouterr().out
    assert "40 faces and 64 generated negatives" in printed
    assert f"embedding-atlas {tmp_path / 'gallery.parquet'} --x projection_x" in printed
    assert f"tensorboard --logdir {tmp_path / 'projector'}\n" in printed


def test_the_command_writes_no_more_than_was_asked_for(folder: Path, tmp_path: Path) -> None:
    assert run("--gallery", folder, "--out", tmp_path, "--format", "csv", "csv") == 0
    assert [file.name for file in tmp_path.iterdir()] == ["gallery.csv"]
    with pytest.raises(DataError, match="There is no gallery in"):
        run("--gallery", tmp_path, "--out", tmp_path)
