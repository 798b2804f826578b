import csv
import io
import json

import numpy as np
import pytest

from app.records import as_csv, as_json, report
from tests.fakes import MANIFEST, estimate_of


def test_the_report_holds_box_age_interval_distribution_warnings_and_model() -> None:
    face = estimate_of(41, left=12, top=8, side=30, warnings=("small",))
    made = report([face], MANIFEST)
    (row,) = made["faces"]
    assert row["box"] == [12.0, 8.0, 42.0, 38.0]
    assert row["age"] == pytest.approx(41, abs=0.01)
    assert row["age_low"] < row["age"] < row["age_high"]
    assert len(row["distribution"]) == 101
    assert np.argmax(row["distribution"]) == 41
    assert sum(row["distribution"]) == pytest.approx(1, abs=1e-4)
    assert row["warnings"] == ["small"]
    assert made["model"]["sha256"] == MANIFEST["sha256"]
    assert made["model"]["metrics"]["mae"] == 4.9


def test_the_saved_json_names_the_file_and_reads_back() -> None:
    read = json.loads(as_json("a.jpg", [estimate_of(20), estimate_of(70)], MANIFEST))
    assert read["file"] == "a.jpg"
    assert [round(face["age"]) for face in read["faces"]] == [20, 70]


def test_the_saved_csv_has_the_command_line_s_columns_and_a_row_per_face() -> None:
    from sadal_core.batch import COLUMNS

    rows = list(csv.DictReader(io.StringIO(as_csv("a.jpg", [estimate_of(20), estimate_of(70)]))))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["file"], row["face"], round(float(row["age"]))) for row in rows] == [
        ("a.jpg", "1", 20),
        ("a.jpg", "2", 70),
    ]
