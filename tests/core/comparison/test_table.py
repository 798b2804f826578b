import csv
import io
from typing import Any

import numpy as np
import pytest

from sadal_core.comparison.faces import Faces
from sadal_core.comparison.folds import FoldResult
from sadal_core.comparison.protocols import Fold
from sadal_core.comparison.table import comma_separated, markdown, rows
from sadal_core.data.splits import Split

# Five faces of three persons, hand-computed: errors of single_label are 1, 2, 3, 4 and 10.
AGES = np.array([10.0, 20.0, 30.0, 40.0, 50.0])
FACES = Faces({}, AGES, np.array([0, 0, 1, 1, 2]), np.zeros(5, np.int64))
FOLDS = [Fold(str(u), Split(FACES.units != u, FACES.units == u)) for u in (2, 0, 1)]


def results(*estimates: np.ndarray) -> list[FoldResult]:
    """Of every fold, from the estimates of every face, one row per seed."""
    made = np.stack(estimates)
    return [
        FoldResult(number % 2, [1.0, 2.0, 3.0], made[:, fold.split.validation], 2.0, 0.5)
        for number, fold in enumerate(FOLDS)
    ]


PLAIN = AGES + np.array([1, -2, 3, -4, 10])
FIRST, SECOND = AGES + np.array([1, 1, 1, 1, 6]), AGES - np.array([3, 3, 3, 3, 6])


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, Any]]:
    made = rows({"single_label": results(PLAIN), "sadal": results(FIRST, SECOND)}, FACES, FOLDS)
    assert [row["method"] for row in made] == ["sadal", "single_label"]
    return {row["method"]: row for row in made}


def test_figures_are_those_of_the_hand_computed_faces(table: dict[str, Any]) -> None:
    plain, sadal = table["single_label"], table["sadal"]
    assert plain["mae"] == pytest.approx(4)
    assert plain["bias"] == pytest.approx(1.6)
    assert plain["cs"] == pytest.approx([0, 20, 40, 60, 80, 80, 80, 80, 80, 80, 100])
    assert sadal["mae"] == pytest.approx((2 + 3.6) / 2)
    assert sadal["mae_range"] == pytest.approx([2, 3.6])
    assert sadal["cs5"] == pytest.approx(80)
    assert sadal["cs"][1] == pytest.approx(40)  # 80 % with one seed, none with the other
    assert (plain["seeds"], sadal["seeds"]) == (1, 2)
    assert plain["chosen"] == [2, 1, 0]
    assert (plain["fit_seconds"], plain["predict_seconds"]) == (2, 0.5)


def test_differences_pair_the_faces(table: dict[str, Any]) -> None:
    gain, low, high = table["single_label"]["minus_sadal"]
    assert gain == pytest.approx(np.mean([1 - 2, 2 - 2, 3 - 2, 4 - 2, 10 - 6]))
    assert low < gain < high
    assert table["sadal"]["minus_cross_entropy"][0] == pytest.approx(-gain)
    assert table["sadal"]["minus_sadal"] == [0, 0, 0]


def test_bands_hold_their_faces(table: dict[str, Any]) -> None:
    bands = {band["low"]: band for band in table["sadal"]["bands"]}
    assert list(bands) == [10, 20, 30, 40, 50]
    assert bands[10] == {"low": 10, "high": 19, "n": 1, "mae": 2.0, "bias": -1.0}


def test_without_the_reference_there_is_no_difference() -> None:
    (row,) = rows({"l1": results(PLAIN)}, FACES, FOLDS)
    assert row["minus_sadal"] is None
    assert row["minus_cross_entropy"] is None


def test_the_tables_say_what_the_record_says(table: dict[str, Any]) -> None:
    why = "needs weights"
    record = {"rows": list(table.values()), "absent": [{"title": "Other", "why": why}]}
    lines = markdown(record).splitlines()
    assert len(lines) == 2 + 2 + 1
    assert "| 4.00 (" in markdown(record)
    assert f"not run: {why}" in lines[-1]
    assert {line.count("|") for line in lines} == {8}
    read = list(csv.DictReader(io.StringIO(comma_separated(record))))
    assert [row["method"] for row in read] == ["sadal", "single_label"]
    for row in read:
        assert float(row["mae"]) == pytest.approx(table[row["method"]]["mae"])
        low, high = table[row["method"]]["interval"]
        assert (float(row["interval_low"]), float(row["interval_high"])) == (low, high)
