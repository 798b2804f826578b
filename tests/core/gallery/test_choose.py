from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadal_core.errors import ConfigError
from sadal_core.gallery.choose import chosen_faces

seeds = st.integers(0, 1000)
faces = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), max_size=40)  # age, unit


def choose(ages: list[int], count: int, *, units: list[int] | None = None, seed: int = 0):
    numbers = np.arange(len(ages)) if units is None else np.array(units, np.int64)
    return chosen_faces(np.array(ages, np.int64), numbers, count, np.random.default_rng(seed))


def poured(ages: list[int], count: int) -> dict[int, int]:
    """Round after round, each age gives one face, the youngest first, until there are enough."""
    left, given_ = Counter(ages), Counter()
    while sum(given_.values()) < min(count, len(ages)):
        for age in sorted(left):
            if left[age] > 0 and sum(given_.values()) < count:
                left[age] -= 1
                given_[age] += 1
    return dict(given_)


@given(ages=st.lists(st.integers(0, 15), max_size=60), count=st.integers(1, 70), seed=seeds)
def test_ages_give_as_water_fills_a_vessel(ages: list[int], count: int, seed: int) -> None:
    chosen = choose(ages, count, seed=seed)
    assert Counter(np.array(ages)[chosen].tolist()) == poured(ages, count)


@given(faces=faces, count=st.integers(1, 50), seed=seeds)
def test_the_choice_keeps_its_promises(faces: list[tuple[int, int]], count: int, seed: int) -> None:
    ages, units = [age for age, _ in faces], [unit for _, unit in faces]
    chosen = choose(ages, count, units=units, seed=seed)
    assert len(chosen) == min(count, len(set(units)))
    assert len({units[face] for face in chosen}) == len(chosen)  # one per unit
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, choose(ages, count, units=units, seed=seed))


def test_a_common_age_does_not_crowd_out_a_rare_one() -> None:
    ages = [30] * 90 + [70] * 4 + [80] * 20
    chosen = np.array(ages)[choose(ages, 25)]
    assert Counter(chosen.tolist()) == {30: 11, 70: 4, 80: 10}


def test_with_fewer_faces_than_ages_the_youngest_ages_have_one_each() -> None:
    ages = [50, 10, 20, 40, 30, 10]
    assert sorted(np.array(ages)[choose(ages, 3)]) == [10, 20, 30]


def test_more_than_there_are_is_all() -> None:
    np.testing.assert_array_equal(choose([5, 5, 70], 1000), [0, 1, 2])


def test_every_face_of_an_age_has_its_chance() -> None:
    drawn = Counter(int(choose([40] * 5, 1, seed=seed)[0]) for seed in range(500))
    assert set(drawn) == set(range(5))
    assert min(drawn.values()) > 60  # 100 expected, deviation 9


def test_every_face_of_a_unit_has_its_chance() -> None:
    ages, units = [40] * 5, [1, 1, 1, 1, 2]
    drawn = Counter(int(choose(ages, 2, units=units, seed=seed)[0]) for seed in range(400))
    assert set(drawn) == {0, 1, 2, 3}
    assert min(drawn.values()) > 60  # 100 expected, deviation 9


def test_no_faces_give_no_choice() -> None:
    assert len(choose([], 5)) == 0


@pytest.mark.parametrize("count", [0, -3])
def test_a_count_below_one_is_refused(count: int) -> None:
    with pytest.raises(ConfigError, match=f"at least 1 face, got {count}"):
        choose([1, 2], count)
