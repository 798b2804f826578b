import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadal_core.data.splits import holdout, leave_one_out, subject_exclusive
from sadal_core.errors import DataError

UNITS = st.lists(st.integers(0, 12), min_size=1, max_size=60)


def names(count: int) -> list[str]:
    return [f"picture-{number:04d}.jpg" for number in range(count)]


@given(UNITS, st.floats(0, 0.99), st.integers(0, 5))
def test_every_unit_is_on_one_side_and_unfit_samples_are_never_measured(
    units: list[int], fraction: float, seed: int
) -> None:
    column = np.array(units)
    unfit = column % 3 == 0
    split = holdout(names(len(units)), column, fraction=fraction, seed=seed, unfit=unfit)
    for unit in set(units):
        assert len(set(split.train[column == unit])) == 1
        assert not (split.train & split.validation).any()
    assert not (split.validation & unfit).any()
    assert (split.train | split.validation | unfit).all()


@given(UNITS, st.randoms(use_true_random=False))
def test_the_side_of_a_sample_does_not_depend_on_the_order(units: list[int], random) -> None:
    column, labels = np.array(units), names(len(units))
    none = np.zeros(len(units), bool)
    split = holdout(labels, column, fraction=0.4, seed=1, unfit=none)
    order = list(range(len(units)))
    random.shuffle(order)
    shuffled = holdout([labels[i] for i in order], column[order], fraction=0.4, seed=1, unfit=none)
    np.testing.assert_array_equal(shuffled.validation, split.validation[order])


def test_adding_other_pictures_moves_nobody_across() -> None:
    units = np.arange(400) // 2
    none = np.zeros(400, bool)
    before = holdout(names(400), units, fraction=0.3, seed=1, unfit=none)
    more = [f"other-{number}.jpg" for number in range(200)] + names(400)
    after = holdout(
        more,
        np.concatenate([np.arange(200) + 1000, units + 7]),
        fraction=0.3,
        seed=1,
        unfit=np.zeros(600, bool),
    )
    np.testing.assert_array_equal(after.validation[200:], before.validation)


def test_the_share_held_out_is_about_what_was_asked_and_the_seed_changes_who() -> None:
    units = np.arange(4000)
    none = np.zeros(4000, bool)
    one, two = (holdout(names(4000), units, fraction=0.2, seed=s, unfit=none) for s in (1, 2))
    # Binomial: 4 standard deviations of 4000 draws at .2 are .025.
    assert abs(one.validation.mean() - 0.2) < 0.025
    assert 0.1 < (one.validation & two.validation).sum() / one.validation.sum() < 0.3


def test_a_fraction_of_zero_holds_nobody_out() -> None:
    none = np.zeros(50, bool)
    assert holdout(names(50), np.arange(50), fraction=0, seed=1, unfit=none).train.all()


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 2.0, float("nan")])
def test_a_share_outside_zero_to_one_is_refused(fraction: float) -> None:
    with pytest.raises(DataError, match="validation share must be at least 0 and below 1"):
        holdout(names(1), np.zeros(1, int), fraction=fraction, seed=1, unfit=np.zeros(1, bool))


def test_leave_one_out_measures_each_sample_exactly_once_and_never_trains_on_its_subject() -> None:
    subjects = ["b", "a", "b", "c", "a", "b"]
    folds = list(leave_one_out(subjects))
    assert [person for person, _ in folds] == ["a", "b", "c"]
    np.testing.assert_array_equal(sum(split.validation.astype(int) for _, split in folds), 1)
    for person, split in folds:
        assert {s for s, measured in zip(subjects, split.validation, strict=True) if measured} == {
            person
        }
        assert person not in {s for s, t in zip(subjects, split.train, strict=True) if t}
        assert (split.train ^ split.validation).all()


def test_leave_one_out_needs_subjects() -> None:
    with pytest.raises(DataError, match=r"needs to know who is in each picture \(subject\)"):
        list(leave_one_out(["a", ""]))
    with pytest.raises(DataError, match="needs two subjects or more, got 1"):
        list(leave_one_out(["a", "a"]))


@given(st.lists(st.sampled_from([f"person {i}" for i in range(9)]), min_size=1, max_size=40))
def test_a_subject_exclusive_split_shares_no_subject(subjects: list[str]) -> None:
    split = subject_exclusive(subjects, fraction=0.5, seed=3)
    people = np.array(subjects)
    assert not set(people[split.train]) & set(people[split.validation])
    assert (split.train ^ split.validation).all()
