from argparse import Namespace
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import labels
from benchmarks.labels import described, repeated
from sadal_core.errors import DataError
from tests.planted import planted_crops

LABELLED = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100)), max_size=40)


@given(LABELLED)
def test_every_pair_of_labels_of_a_picture_counts_alike(labelled: list[tuple[int, int]]) -> None:
    groups, ages = np.array(labelled, int).reshape(-1, 2).T
    expected = {}
    for group in sorted(set(groups.tolist())):
        own = [age for one, age in labelled if one == group]
        if len(own) > 1:
            pairs = [abs(one - other) for one, other in combinations(own, 2)]
            expected[group] = np.mean(own), np.mean(pairs)
    made = repeated(ages, groups)
    np.testing.assert_allclose(made.age, [age for age, _ in expected.values()])
    np.testing.assert_allclose(made.difference, [apart for _, apart in expected.values()])


@given(LABELLED, st.lists(st.floats(0, 100), min_size=6, max_size=6))
def test_no_estimate_of_a_picture_is_nearer_to_its_labels_than_half_their_difference(
    labelled: list[tuple[int, int]], estimates: list[float]
) -> None:
    groups, ages = np.array(labelled, int).reshape(-1, 2).T
    made = repeated(ages, groups)
    numbers = [number for number in range(6) if (groups == number).sum() > 1]
    for number, difference in zip(numbers, made.difference, strict=True):
        error = np.abs(ages[groups == number] - estimates[number]).mean()
        assert error >= difference / 2 - 1e-9


def test_a_data_set_with_hardly_a_picture_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    crops = planted_crops(30)
    alike = np.minimum(np.arange(30), 27)  # the last three are one picture
    monkeypatch.setattr(labels, "load_crops", lambda *_: [replace(crops, groups=alike)])
    with pytest.raises(DataError, match="1 of its pictures more than once"):
        labels.measure(Namespace(data=[]))


def test_labels_that_scatter_normally_are_described_as_such(rng: np.random.Generator) -> None:
    pairs = 40 + rng.normal(0, 4, (20_000, 2))
    made = described(repeated(pairs.ravel(), np.repeat(np.arange(20_000), 2)).difference)
    error = np.abs(pairs - 40).mean()  # of who knows what the labels scatter around
    assert made["least_mae_if_normal"] == pytest.approx(error, rel=0.02)
    assert made["least_mae"] < error
    assert made["interval"][0] < made["difference"] < made["interval"][1]
    assert (made["pictures"], made["differ"]) == (20_000, 1.0)
