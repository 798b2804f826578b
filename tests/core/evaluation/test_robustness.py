import numpy as np
import pytest

from sadal_core.errors import DataError
from sadal_core.evaluation.perturbations import PERTURBATIONS
from sadal_core.evaluation.robustness import overall_rows, perturbed_ages, robustness_rows

NAMES = list(PERTURBATIONS)


def brightness(picture: np.ndarray) -> float | None:
    """An estimator that takes light for age, and finds no face in the dark."""
    mean = float(picture.mean())
    return mean if mean > 40 else None


def test_every_estimator_sees_every_picture_as_it_is_and_perturbed() -> None:
    pictures = [np.full((40, 40, 3), level, np.uint8) for level in (60, 100)]
    seen: list[int] = []
    ages = perturbed_ages(
        iter(pictures), {"light": brightness, "constant": lambda _: 30.0}, seen.append
    )
    assert ages["light"].shape == (1 + len(NAMES), 2)
    assert ages["light"][0].tolist() == [60, 100]
    dark = ages["light"][1 + NAMES.index("darkened")]
    assert np.isnan(dark[0])
    assert dark[1] == 50
    assert (ages["constant"] == 30).all()
    assert seen == [1, 2]


def test_changes_are_those_of_a_hand_computed_table() -> None:
    ages = np.tile([20.0, 30.0, 40.0, np.nan], (1 + len(NAMES), 1))
    ages[1 + NAMES.index("rotated")] = [22, 29, np.nan, 50]
    rows = {
        row["perturbation"]: row
        for row in robustness_rows(ages, np.array([20.0, 30.0, 40.0, 50.0]), np.arange(4))
    }
    assert list(rows) == NAMES
    row = rows["rotated"]  # the fourth face was not found to begin with
    assert (row["n"], row["lost"]) == (2, 1)
    assert row["change"] == pytest.approx(1.5)
    assert row["interval"] == pytest.approx([1, 2])
    assert row["shift"] == pytest.approx(0.5)
    assert row["p90"] == pytest.approx(1.9)
    assert (row["mae"], row["mae_plain"]) == (1.5, 0)
    assert (rows["mirrored"]["change"], rows["mirrored"]["lost"]) == (0, 0)


def test_a_perturbation_under_which_no_face_is_found_has_no_figures() -> None:
    ages = np.full((1 + len(NAMES), 2), np.nan)
    ages[0] = [20, 30]
    rows = robustness_rows(ages, np.array([20.0, 30.0]), np.arange(2))
    assert all((row["n"], row["lost"], row["change"]) == (0, 2, None) for row in rows)


def test_pictures_without_any_face_are_refused() -> None:
    with pytest.raises(DataError, match="No face was found in any of the pictures"):
        robustness_rows(np.full((1 + len(NAMES), 3), np.nan), np.zeros(3), np.arange(3))


def test_models_are_compared_face_by_face_over_all_perturbations() -> None:
    first = np.tile([20.0, 30.0, 40.0], (1 + len(NAMES), 1))
    second = first.copy()
    first[1:] += [1.0, 3.0, 2.0]
    second[1:] -= [0.5, 2.5, 1.5]  # half a year less in every face
    second[3, 0] = np.nan  # a change that then counts for neither
    first[3, 0] = 99
    third = first.copy()
    third[0, 2] = np.nan  # not found to begin with: nobody is measured on it
    rows = overall_rows({"first": first, "second": second}, np.arange(3))
    assert [row["name"] for row in rows] == ["first", "second"]
    assert [row["change"] for row in rows] == pytest.approx([2, 1.5])
    assert rows[0]["interval"][0] < 2 < rows[0]["interval"][1]
    assert "apart" not in rows[0]
    assert rows[1]["apart"] == pytest.approx(-0.5)
    assert rows[1]["apart_interval"] == pytest.approx([-0.5, -0.5])
    assert [row["n"] for row in overall_rows({"a": first, "b": third}, np.arange(3))] == [2, 2]
    with pytest.raises(DataError, match="found by every model"):
        overall_rows({"first": first, "none": np.full_like(first, np.nan)}, np.arange(3))
