import math
import time
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadal_core.errors import ConfigError, DataError
from sadal_core.quadruplets import QuadrupletSampler, whole_years

AGES = st.lists(st.integers(0, 120), min_size=1, max_size=60)
WINDOWS = st.one_of(st.none(), st.integers(1, 12))


def _lacks(ages: list[int], sample: int, window: int | None) -> tuple[bool, bool, bool]:
    """By looking at everybody: no positive, no younger, no older."""
    mine, reach = ages[sample], math.inf if window is None else window
    others = [age for other, age in enumerate(ages) if other != sample]
    return (
        mine not in others,
        not any(0 < mine - age <= reach for age in others),
        not any(0 < age - mine <= reach for age in others),
    )


@given(AGES, WINDOWS, st.integers(0, 2**32), st.integers(0, 1000))
def test_every_quadruplet_keeps_the_rules_and_nobody_servable_is_left_out(
    ages: list[int], window: int | None, seed: int, epoch: int
) -> None:
    lacks = [_lacks(ages, sample, window) for sample in range(len(ages))]
    servable = [sample for sample, lack in enumerate(lacks) if not any(lack)]
    if not servable:
        with pytest.raises(DataError):
            QuadrupletSampler(ages, age_window=window, seed=seed)
        return
    sampler = QuadrupletSampler(ages, age_window=window, seed=seed)
    quadruplets = sampler.epoch(epoch)
    assert sorted(quadruplets.anchor) == servable
    reach = 120 if window is None else window
    for i, j, k, m in zip(*quadruplets, strict=True):
        assert i != j
        assert ages[i] == ages[j]
        assert 1 <= ages[i] - ages[k] <= reach
        assert 1 <= ages[m] - ages[j] <= reach
    report = sampler.report
    assert (report.samples, report.anchors) == (len(ages), len(servable))
    counts = [sum(lack) for lack in zip(*lacks, strict=True)]
    assert [report.no_positive, report.no_younger, report.no_older] == counts
    unserved = {ages[sample] for sample in range(len(ages)) if sample not in servable}
    assert report.unserved_ages == tuple(sorted(unserved))


def test_an_epoch_is_a_function_of_ages_seed_and_number() -> None:
    ages = np.repeat(np.arange(20, 40), 10)
    first, again = (QuadrupletSampler(ages, seed=3).epoch(7) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    for changed in (
        QuadrupletSampler(ages, seed=3).epoch(8),
        QuadrupletSampler(ages, seed=4).epoch(7),
    ):
        for one, other in zip(first, changed, strict=True):
            assert (one != other).mean() > 0.5


def test_positives_and_negatives_are_drawn_evenly() -> None:
    # Three of 30; at 28 one sample, at 29 nine: a negative's age is drawn before the sample.
    ages = [30, 30, 30, 28] + [29] * 9 + [31]
    sampler = QuadrupletSampler(ages, age_window=2, seed=1)
    drawn = [sampler.epoch(epoch) for epoch in range(1000)]
    positives = Counter(
        int(j) for q in drawn for i, j in zip(q.anchor, q.positive, strict=True) if i == 0
    )
    assert set(positives) == {1, 2}
    assert positives[1] / 1000 == pytest.approx(0.5, abs=0.08)
    younger = Counter(
        int(k) for q in drawn for i, k in zip(q.anchor, q.younger, strict=True) if i == 0
    )
    assert set(younger) == set(range(3, 13))
    assert younger[3] / 1000 == pytest.approx(0.5, abs=0.08)
    assert younger[12] / 1000 == pytest.approx(0.5 / 9, abs=0.03)


def test_the_order_of_an_epoch_is_shuffled() -> None:
    anchors = QuadrupletSampler(np.repeat(np.arange(20, 40), 10)).epoch(0).anchor
    assert abs(np.corrcoef(anchors, np.arange(len(anchors)))[0, 1]) < 0.3


def test_edge_ages_are_reported() -> None:
    report = QuadrupletSampler([20, 20, 21, 21, 22, 22, 40, 40, 90], age_window=5).report
    assert report.unserved_ages == (20, 22, 40, 90)
    assert (report.samples, report.anchors, report.no_positive) == (9, 2, 1)
    assert (report.no_younger, report.no_older) == (5, 5)


def test_ages_are_taken_in_whole_years() -> None:
    assert whole_years([0.4, 0.5, 29.5, 30.49, 120]).tolist() == [0, 1, 30, 30, 120]
    sampler = QuadrupletSampler([29.6, 30.4, 29.2, 30.6], age_window=1)
    assert sampler.ages.tolist() == [30, 30, 29, 31]
    assert sorted(sampler.epoch(0).anchor) == [0, 1]


@pytest.mark.parametrize(
    ("ages", "reason"),
    [
        ([], "at least one number, got shape"),
        (np.ones((3, 2)), r"at least one number, got shape \(3, 2\)"),
        ([20.0, None, 30.0], "Sample 1 has the age nan; in all 1 of 3 ages are missing"),
        ([20.0, math.nan, math.nan], "Sample 1 has the age nan; in all 2 of 3"),
        ([20, -1], "Sample 1 has the age -1"),
        ([20.0, -0.2], "Sample 1 has the age -0.2"),
        ([120.5, 20], "Sample 0 has the age 120.5.*above 120 years"),
        ([math.inf, 20], "Sample 0 has the age inf"),
        (np.array(["old", "young"]), "The ages are not all numbers"),
        ([25] * 6, "All 6 samples are 25 years old. Add younger and older ones"),
        ([25], "All 1 samples are 25 years old"),
        ([20, 30], "None of the 2 samples can be an anchor: 2 have nobody of their age"),
        (
            [20, 30, 30, 40],
            "2 have nobody of their age, 4 nobody younger and 4 nobody older within 5",
        ),
    ],
)
def test_ages_that_make_no_quadruplet_are_refused_with_the_reason(ages: list, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        QuadrupletSampler(ages)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="age_window must be at least 1 year or None, got 0"):
        QuadrupletSampler([20, 20, 21, 19], age_window=0)
    with pytest.raises(ConfigError, match="seed must not be negative, got -1"):
        QuadrupletSampler([20, 20, 21, 19], seed=-1)


def test_memory_is_a_few_numbers_per_sample(rng: np.random.Generator) -> None:
    ages = rng.integers(0, 100, 100_000)
    tracemalloc.start()
    QuadrupletSampler(ages, age_window=None).epoch(0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak / len(ages) < 30 * 8


def test_a_hundred_times_the_samples_take_no_more_than_some_hundred_times_the_time(
    rng: np.random.Generator,
) -> None:
    def seconds(samples: int) -> float:
        ages = rng.integers(0, 100, samples)
        times = []
        for _ in range(3):
            start = time.process_time()
            QuadrupletSampler(ages).epoch(0)
            times.append(time.process_time() - start)
        return min(times)

    assert seconds(300_000) < 300 * max(seconds(3_000), 1e-4)
