from typing import Any

import numpy as np
import pytest

from sadal_core.data.samples import Sample
from sadal_core.evaluation.groups import FEWEST, group_rows
from sadal_core.evaluation.metrics import Predictions


def measured_rows(
    ages: np.ndarray, errors: np.ndarray, sexes: list[str], groups: list[str] | None = None
) -> dict[str, dict[str, Any]]:
    samples = [
        Sample(str(n), float(age), sex=sexes[n], group=groups[n] if groups else "")
        for n, age in enumerate(ages)
    ]
    true = ages.astype(float)
    made = Predictions(true, true + errors, true - 1, true + 1)
    return {row["value"]: row for row in group_rows(made, np.arange(len(ages)), samples)}


def test_errors_of_hand_computed_groups() -> None:
    rows = measured_rows(
        np.array([20, 21, 22, 23, 24]), np.array([1.0, -3.0, 2.0, 2.0, 9.0]),
        ["female", "female", "male", "male", ""],
    )  # fmt: skip
    assert list(rows) == ["female", "male"]
    assert (rows["female"]["n"], rows["female"]["mae"], rows["female"]["bias"]) == (2, 2.0, -1.0)
    assert (rows["male"]["mae"], rows["male"]["bias"], rows["male"]["coverage"]) == (2.0, 2.0, 1.0)
    assert rows["male"]["interval"] == [2.0, 2.0]
    assert rows["male"]["same_ages"] is None  # two faces say nothing of a decade


def test_groups_that_differ_in_age_alone_are_alike_at_equal_ages() -> None:
    """Both err by 1 year when young and by 9 when old; one is mostly young, one mostly old."""
    young, old = np.full(100, 25), np.full(100, 65)
    ages = np.concatenate([young[:90], old[:10], young[:10], old[:90]])
    rows = measured_rows(ages, np.where(ages > 40, -9.0, 1.0), ["female"] * 100 + ["male"] * 100)
    assert rows["female"]["mae"] == pytest.approx(0.9 * 1 + 0.1 * 9)
    assert rows["male"]["mae"] == pytest.approx(0.1 * 1 + 0.9 * 9)
    for row in rows.values():
        assert row["same_ages"]["decades"] == [20, 60]
        assert row["same_ages"]["mae"] == pytest.approx(5)
        assert row["same_ages"]["bias"] == pytest.approx(-4)
        low, high = row["same_ages"]["interval"]
        assert low < 5 < high


def test_a_decade_that_one_group_hardly_has_is_compared_for_none() -> None:
    ages = np.concatenate([np.full(50, 25), np.full(50, 65), np.full(50, 25)])
    few = np.full(FEWEST - 1, 65)
    sexes = ["female"] * 100 + ["male"] * (50 + len(few))
    ages = np.concatenate([ages, few])
    rows = measured_rows(ages, np.ones(len(ages)), sexes)
    assert [row["same_ages"]["decades"] for row in rows.values()] == [[20], [20]]
    assert [row["same_ages"]["n"] for row in rows.values()] == [50, 50]


def test_an_attribute_with_one_value_makes_no_rows() -> None:
    rows = measured_rows(np.arange(20, 24), np.ones(4), ["female"] * 4, ["a", "a", "b", ""])
    assert list(rows) == ["a", "b"]
    assert not measured_rows(np.arange(20, 24), np.ones(4), [""] * 4)
