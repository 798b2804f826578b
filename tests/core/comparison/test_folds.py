import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadal_core.comparison.faces import Faces, appended
from sadal_core.comparison.folds import inner_split, run_fold
from sadal_core.comparison.protocols import Fold
from sadal_core.data.splits import Split
from sadal_core.errors import DataError
from tests.core.comparison.planted import Shifted, planted_comparison_faces, shifted_method

FACES = planted_comparison_faces()


def fold_of(faces: Faces, unit: int = 3) -> Fold:
    return Fold(f"person {unit}", Split(faces.units != unit, faces.units == unit))


@pytest.fixture(autouse=True)
def no_fits() -> None:
    Shifted.fits.clear()


def test_the_candidate_with_the_smallest_inner_error_is_fitted_to_the_whole_training_part() -> None:
    made = run_fold(shifted_method(40, 0, -40), FACES, None, fold_of(FACES), [1, 2])
    assert made.chosen == 1
    train = FACES.ages[FACES.units != 3]
    np.testing.assert_allclose(made.ages, [[train.mean() + 0.1] * 5, [train.mean() + 0.2] * 5])
    assert [fit["shift"] for fit in Shifted.fits] == [40, 0, -40, 0, 0]
    inner = inner_split(FACES.select(FACES.units != 3))
    for fit, score, shift in zip(Shifted.fits[:3], made.scores, (40, 0, -40), strict=True):
        np.testing.assert_array_equal(fit["ages"], train[~inner])
        expected = np.abs(train[inner] - (train[~inner].mean() + shift + 0.1)).mean()
        assert score == pytest.approx(expected)
    for fit in Shifted.fits[3:]:
        np.testing.assert_array_equal(fit["ages"], train)


def test_measured_faces_are_never_seen_before() -> None:
    run_fold(shifted_method(0, 1, 2), FACES, None, fold_of(FACES), [1])
    measured = {row.tobytes() for row in FACES.inputs["features"][FACES.units == 3]}
    for fit in Shifted.fits:
        assert not measured & {row.tobytes() for row in fit["samples"]}


@given(st.lists(st.integers(0, 30), min_size=2, max_size=80).filter(lambda u: len(set(u)) > 1))
def test_the_inner_split_keeps_units_whole_and_takes_about_a_quarter(units: list[int]) -> None:
    count = len(units)
    faces = Faces({}, np.zeros(count), np.array(units), np.zeros(count, np.int64))
    inner = inner_split(faces)
    for unit in set(units):
        assert len(set(inner[faces.units == unit])) == 1
    chosen, some = len(set(faces.units[inner])), len(set(units))
    assert 1 <= chosen < some
    assert abs(chosen - some / 4) <= 1


def test_a_setting_that_the_faces_do_not_allow_is_passed_over() -> None:
    made = run_fold(shifted_method(60, 1, 70), FACES, None, fold_of(FACES), [1])
    assert made.chosen == 1
    assert np.isnan(made.scores).tolist() == [True, False, True]
    with pytest.raises(DataError, match="Shifted, person 3: None of its settings"):
        run_fold(shifted_method(60, 65, 70), FACES, None, fold_of(FACES), [1])


def test_a_fold_that_cannot_be_learned_from_is_named() -> None:
    from sadal_core.methods import METHODS

    same = Faces(
        dict(FACES.inputs), np.full(len(FACES), 30.0), FACES.units, np.zeros(len(FACES), np.int64)
    )
    with pytest.raises(DataError, match=r"OHRanker, person 3: All \d+ samples are 30 years"):
        run_fold(METHODS["ohranker"], same, None, fold_of(same), [1])
    alone = FACES.select(np.isin(FACES.units, [1, 3]))
    with pytest.raises(DataError, match="two persons or more"):
        run_fold(shifted_method(0, 1, 2), alone, None, fold_of(alone), [1])


def test_only_methods_of_several_populations_are_given_others() -> None:
    others = planted_comparison_faces(20, 5, seed=3)
    run_fold(shifted_method(0, 1, 2, populations=True), FACES, others, fold_of(FACES), [1])
    last = Shifted.fits[-1]
    assert np.bincount(last["groups"]).tolist() == [55, 20]
    np.testing.assert_array_equal(last["samples"][55:], others.inputs["features"])
    run_fold(shifted_method(0, 1, 2), FACES, others, fold_of(FACES), [1])
    assert Shifted.fits[-1]["groups"] is None
    assert len(Shifted.fits[-1]["ages"]) == 55


def test_sets_that_are_put_together_share_no_unit_and_no_group() -> None:
    both = appended([FACES, planted_comparison_faces(20, 5, seed=1)])
    assert len(both) == 80
    assert not set(both.units[:60]) & set(both.units[60:])
    assert both.groups.tolist() == [0] * 60 + [1] * 20
    np.testing.assert_array_equal(both.inputs["features"][:60], FACES.inputs["features"])


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(DataError, match="as many inputs as ages"):
        Faces({"features": np.zeros((3, 2))}, np.zeros(4), np.arange(4), np.arange(4))
    with pytest.raises(DataError, match="and some"):
        Faces({}, np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))
