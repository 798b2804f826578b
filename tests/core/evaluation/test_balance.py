import numpy as np
import pytest

from benchmarks.balance import shares, spread

GROUPS = np.array(["a"] * 6 + ["b"] * 3 + ["a"])
AGES = np.array([21.0] * 4 + [25, 29] + [22.0] * 3 + [31])  # the last one alone in its decade


def test_faces_are_drawn_as_they_are_or_so_that_groups_count_alike() -> None:
    np.testing.assert_allclose(shares(GROUPS, AGES, 0), 1 / 10)
    alike = shares(GROUPS, AGES, 1)
    cells = [alike[:6].sum(), alike[6:9].sum(), alike[9]]
    np.testing.assert_allclose(cells, 1 / 3)
    between = shares(GROUPS, AGES, 0.5)
    np.testing.assert_allclose(between[0] / between[6], (6 / 3) ** -0.5)
    assert between.sum() == pytest.approx(1)


def test_the_spread_is_of_one_attribute_at_equal_ages() -> None:
    def row(attribute: str, mae: float | None) -> dict[str, object]:
        return {"attribute": attribute, "same_ages": None if mae is None else {"mae": mae}}

    rows = [
        row("sex", 4.0),
        row("sex", 4.5),
        row("group", 9.0),
        row("group", 3.0),
        row("sex", None),
    ]
    assert spread(rows, "sex") == pytest.approx(0.5)
    assert spread(rows, "group") == pytest.approx(6)
    assert spread(rows, "hair") is None
