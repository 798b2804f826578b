from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from sadal_core.errors import DataError
from sadal_core.gallery.query import (
    anchored_by,
    hardest_first,
    hardness,
    medoid,
    near,
    pairs_within,
    quadruplet,
    quadruplets,
    squared_distances,
)
from sadal_core.gallery.stored import Gallery
from tests.planted_gallery import planted_gallery


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return planted_gallery()


def slowly_near(
    point: Sequence[float], samples: Sequence[Sequence[float]], count: int, without: int | None
) -> list[tuple[float, int]]:
    """Squared distance and position, in order; equal distances by position."""
    found = [
        (sum((a - b) ** 2 for a, b in zip(sample, point, strict=True)), position)
        for position, sample in enumerate(samples)
        if position != without
    ]
    return sorted(found)[:count]


@pytest.mark.parametrize("without", [None, 0, 17, 39])
@pytest.mark.parametrize("count", [0, 1, 7, 39, 40, 41, 1000])
def test_near_is_what_a_loop_finds_with_ties_by_position(
    rng: np.random.Generator, count: int, without: int | None
) -> None:
    samples = rng.integers(0, 3, (40, 3)).astype(np.float32)  # on a grid, so that many are equal
    point = samples[17]
    expected = slowly_near(point.tolist(), samples.tolist(), count, without)
    found = near(point, samples, count, without=without)
    assert found.samples.tolist() == [position for _, position in expected]
    assert found.distances.tolist() == [distance for distance, _ in expected]
    if count > 20:
        assert len(expected) == min(count, 40 - (without is not None))
        assert len(set(found.distances.tolist())) < len(expected) / 2  # there were ties to break


def test_without_leaves_out_the_point_and_not_its_copies() -> None:
    samples = np.array([[1, 1], [0, 0], [1, 1], [5, 5], [1, 1]], np.float32)
    found = near(samples[2], samples, 3, without=2)
    assert found.samples.tolist() == [0, 4, 1]
    assert found.distances.tolist() == [0, 0, 2]
    assert near(samples[2], samples, 3).samples.tolist() == [0, 2, 4]


def test_a_copy_is_at_zero_exactly_however_long_the_vector(rng: np.random.Generator) -> None:
    samples = rng.normal(1000, 1e-3, (50, 200)).astype(np.float32)
    distances = squared_distances(samples[31], samples)
    assert distances.dtype == np.float64
    assert distances[31] == 0
    assert (np.delete(distances, 31) > 0).all()
    # |a|^2 + |b|^2 - 2 a b would not do: its rounding is larger than the distances.
    exact = np.array([((s.astype(float) - samples[31].astype(float)) ** 2).sum() for s in samples])
    np.testing.assert_array_equal(distances, exact)
    assert distances.max() < 1e-2


def test_a_quadruplet_is_what_the_columns_hold(gallery: Gallery) -> None:
    total = quadruplets(gallery)
    assert total == gallery.generated // 2 == 32
    table = gallery.negatives
    for number in range(total):
        found = quadruplet(gallery, number)
        assert found.number == number
        assert found.rows == (number, number + total)
        first, second = found.rows
        assert found.anchor == table["anchor"][first] == table["positive"][second]
        assert found.positive == table["positive"][first] == table["anchor"][second]
        assert (found.younger, found.older) == (table["source"][first], table["source"][second])
        ages = [int(gallery.ages[sample]) for sample in found[1:5]]
        assert ages[2] < ages[0] == ages[1] < ages[3]
        assert found.anchor != found.positive


@pytest.mark.parametrize("number", [-1, 32, 10**30])
def test_a_quadruplet_that_is_not_there_is_refused_by_its_number(
    gallery: Gallery, number: int
) -> None:
    with pytest.raises(DataError, match=rf"no quadruplet {number}; the gallery has 32\."):
        quadruplet(gallery, number)


def test_each_sample_finds_the_quadruplet_that_it_is_the_anchor_of(gallery: Gallery) -> None:
    first = gallery.negatives["anchor"][: quadruplets(gallery)].tolist()
    without = []
    for sample in range(len(gallery)):
        found = anchored_by(gallery, sample)
        if found is None:
            without.append(sample)
        else:
            assert found == quadruplet(gallery, first.index(sample))
            assert found.anchor == sample
    # Nobody is younger than 20, nobody older than 65: they are positives of nobody either.
    assert {int(gallery.ages[sample]) for sample in without} == {20, 65}
    assert len(without) == 8
    assert anchored_by(gallery, len(gallery)) is None


def slowly_hardest(gallery: Gallery, age: int | None) -> list[int]:
    table, total = gallery.negatives, quadruplets(gallery)
    hard = {}
    for number in range(total):
        if age is None or table["anchor_age"][number] == age:
            rows = (number, number + total)
            hard[number] = max(table["demanded"][r] - table["distance_after"][r] for r in rows)
    return sorted(hard, key=lambda number: (-hard[number], number))


@pytest.mark.parametrize("age", [None, 25, 40, 60])
def test_the_hardest_is_the_one_furthest_below_its_demand(
    gallery: Gallery, age: int | None
) -> None:
    order = hardest_first(gallery, age)
    assert order.tolist() == slowly_hardest(gallery, age)
    assert order.tolist() != sorted(order.tolist())
    assert len(order) == (32 if age is None else 4)


def test_both_negatives_of_a_quadruplet_can_make_it_hard(gallery: Gallery) -> None:
    hard = hardness(dict(gallery.negatives)).reshape(2, -1)
    harder = hard.argmax(axis=0)
    assert set(harder.tolist()) == {0, 1}
    assert (hard > 0).any()
    assert (hard < 0).any()


def test_of_equally_hard_ones_the_first_comes_first(gallery: Gallery) -> None:
    same = {"demanded": np.ones(64), "distance_after": np.zeros(64)}
    flat = replace(gallery, negatives={**gallery.negatives, **same})
    assert hardest_first(flat).tolist() == list(range(32))


@pytest.mark.parametrize("age", [20, 65, 26, -5])
def test_an_age_without_anchors_has_no_quadruplets(gallery: Gallery, age: int) -> None:
    assert hardest_first(gallery, age).tolist() == []


def test_of_few_samples_every_pair_is_there_once(rng: np.random.Generator) -> None:
    samples = np.array([8, 3, 5, 99, 41])
    first, second = pairs_within(samples, rng)
    pairs = {frozenset(pair) for pair in zip(first.tolist(), second.tolist(), strict=True)}
    assert len(first) == len(pairs) == 10
    assert all(len(pair) == 2 for pair in pairs)
    assert set().union(*pairs) == set(samples.tolist())


@pytest.mark.parametrize("most", [3002, 3000, 7, 1])
def test_where_there_are_more_pairs_than_wanted_so_many_are_drawn(most: int) -> None:
    samples = 1000 + np.arange(78)  # 3003 pairs
    first, second = pairs_within(samples, np.random.default_rng(1), most=most)
    assert len(first) == len(second) == most
    assert (first != second).all()
    assert np.isin(first, samples).all()
    assert np.isin(second, samples).all()
    everybody = pairs_within(samples, np.random.default_rng(1), most=3003)
    assert len(set(zip(*(side.tolist() for side in everybody), strict=True))) == 3003
    again = pairs_within(samples, np.random.default_rng(1), most=most)
    np.testing.assert_array_equal(np.stack([first, second]), np.stack(again))


def test_random_pairs_reach_everybody_and_depend_on_the_generator() -> None:
    samples = np.arange(100)
    first, second = pairs_within(samples, np.random.default_rng(1))
    # Each of 4950 pairs is as likely: about 60 a sample, far from 0 and from twice as many.
    counts = np.bincount(np.concatenate([first, second]), minlength=100)
    assert counts.min() > 30
    assert counts.max() < 100
    other = pairs_within(samples, np.random.default_rng(2))
    assert (first != other[0]).any()


@pytest.mark.parametrize("count", [0, 1])
def test_below_two_samples_there_are_no_pairs(rng: np.random.Generator, count: int) -> None:
    first, second = pairs_within(np.arange(count), rng)
    assert len(first) == len(second) == 0


def test_the_medoid_is_the_sample_nearest_to_the_mean(gallery: Gallery) -> None:
    vectors = gallery.embeddings[5:30]
    mean = [sum(row[axis] for row in vectors.tolist()) / 25 for axis in range(vectors.shape[1])]
    ((_, position),) = slowly_near(mean, vectors.tolist(), 1, None)
    assert medoid(vectors) == position
    assert position not in (0, 24)
    assert medoid(vectors[:1]) == 0
