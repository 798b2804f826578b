import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from app import results as module
from app import results_text
from app.results import Ablations, Comparison, Slides, load_results, read_results
from sadal_core.errors import DataError
from tests.planted_results import (
    ABLATIONS,
    METHODS,
    SLIDES,
    planted_comparison,
    planted_results,
    planted_row,
    write_results,
)


def refusal(path: Path, kind: Any = Comparison) -> str:
    """Why a file is refused: in one line."""
    with pytest.raises(DataError) as caught:
        read_results(path, kind)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(path.name)
    return line


def test_everything_is_read_with_fgnet_leave_one_person_out_first(tmp_path: Path) -> None:
    results = load_results(planted_results(tmp_path))
    assert results.notes == ()
    assert [one.name for one in results.comparisons] == [
        "fgnet-lopo", "fgnet-random", "aaf-holdout",
    ]  # fmt: skip
    first, leaky, _ = results.comparisons
    assert (first.leaky, leaky.leaky) == (False, True)
    assert [row.method for row in first.rows] == list(METHODS)
    row = first.rows[-1]
    assert (row.title, row.mae, row.interval) == ("SADAL", 4.0, (3.5, 4.5))
    assert row.cs5 == row.cs[5]
    assert (row.bands[2].low, row.bands[2].n) == (20, 144)
    assert results.slides is not None
    assert results.slides.rows[0].doubt == "It looks <shifted> by one."
    assert results.ablations is not None
    assert results.ablations.rows[1].mae_minus_sadal == (0.125, 0.075, 0.175)
    assert results.card is not None


def test_an_empty_folder_and_a_missing_one_have_nothing_and_no_fault(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        results = load_results(folder, card=tmp_path / "CARD.md")
        assert (results.comparisons, results.notes) == ((), ())
        assert results.slides is results.ablations is results.card is None


def test_a_bad_file_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    planted_results(tmp_path)
    (tmp_path / "comparison-fgnet-lopo.json").write_text("{")
    (tmp_path / "slides.json").write_bytes(b"\xff\xfe")
    results = load_results(tmp_path)
    assert [one.name for one in results.comparisons] == ["fgnet-random", "aaf-holdout"]
    assert results.slides is None
    assert results.ablations is not None
    assert [note.split()[0] for note in results.notes] == [
        "comparison-fgnet-lopo.json", "slides.json",
    ]  # fmt: skip


@pytest.mark.parametrize("format_", [2, None, "1"])
def test_a_file_of_another_version_gives_its_command(tmp_path: Path, format_: Any) -> None:
    path = tmp_path / "comparison-x.json"
    write_results(path, planted_comparison(format=format_, rows="of another kind"))
    assert refusal(path).endswith(
        "made by another version of this program. Run its command again: "
        "python -m sadal_core benchmark --protocol lopo --data faces.zip"
    )


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"mae": None}, "rows.0.mae"),
        ({"mae": "4.0"}, "rows.0.mae"),
        ({"mae": float("nan")}, "rows.0.mae"),
        ({"family": "other"}, "rows.0.family"),
        ({"cs": [1.0, 2.0]}, "rows.0.cs"),
        ({"interval": [1.0]}, "rows.0.interval"),
        ({"minus_sadal": [0.0, 0.1]}, "rows.0.minus_sadal"),
        ({"bands": [{"low": 0}]}, "rows.0.bands.0"),
    ],
)
def test_a_damaged_value_is_named_by_its_place(
    tmp_path: Path, changes: dict[str, Any], where: str
) -> None:
    path = tmp_path / "comparison-x.json"
    write_results(path, planted_comparison(rows=[planted_row("sadal") | changes]))
    line = refusal(path)
    assert f"is damaged: {where}" in line
    assert "Run its command again: python -m" in line


@pytest.mark.parametrize("content", ["", "[]", "3", '{"format": 1}', "[" * 100_000])
def test_what_is_no_result_file_at_all_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "comparison-x.json"
    path.write_text(content)
    assert "Make it again." in refusal(path)


def test_slides_and_ablations_are_checked_too(tmp_path: Path) -> None:
    path = tmp_path / "slides.json"
    write_results(path, {**SLIDES, "rows": [{"method": "sadal", "morph": "2.75", "fgnet": None}]})
    assert "is damaged: rows.0.morph" in refusal(path, Slides)
    path = tmp_path / "ablations.json"
    write_results(path, json.loads(json.dumps(ABLATIONS)) | {"faces": None})
    assert "is damaged: faces" in refusal(path, Ablations)


def test_the_files_of_this_repository_can_be_read() -> None:
    results = load_results()
    assert results.notes == ()
    assert results.slides is not None
    assert results.ablations is not None
    assert results.card is not None


def test_rows_that_the_command_makes_are_rows_that_the_page_reads(tmp_path: Path) -> None:
    from sadal_core.comparison.faces import Faces
    from sadal_core.comparison.folds import FoldResult
    from sadal_core.comparison.protocols import LEAKY, PROTOCOLS, Fold
    from sadal_core.comparison.table import FORMAT, rows
    from sadal_core.data.splits import Split
    from sadal_core.methods.method import Family

    ages = np.array([10.0, 20.0, 30.0, 40.0])
    faces = Faces({}, ages, np.array([0, 0, 1, 1]), np.zeros(4, np.int64))
    folds = [Fold(str(u), Split(faces.units != u, faces.units == u)) for u in (0, 1)]
    off = {"sadal": 1.0, "single_label": 2.0}
    made = rows(
        {
            name: [FoldResult(0, [1.0, 2.0, 3.0], ages[None, f.split.validation] + years, 2.0, 0.5)
                   for f in folds]
            for name, years in off.items()
        },
        faces,
        folds,
    )  # fmt: skip
    path = tmp_path / "comparison-x.json"
    write_results(path, planted_comparison(rows=made))
    sadal, plain = read_results(path, Comparison).rows
    assert (sadal.method, sadal.mae, plain.minus_sadal) == ("sadal", 1.0, (1.0, 1.0, 1.0))
    assert planted_comparison()["format"] == FORMAT
    assert get_args(module.Family) == get_args(Family)
    assert set(get_args(module.Protocol)) == set(PROTOCOLS) == set(results_text.PROTOCOLS)
    assert set(PROTOCOLS) >= LEAKY
