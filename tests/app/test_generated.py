from dataclasses import replace

import numpy as np
import pytest
import torch

from app.generated import (
    Wanted,
    ages_with,
    along_and_off,
    compared,
    drawn_quadruplet,
    hard_table,
)
from sadal_core.collapse import copy_ratio, midpoint_residual
from sadal_core.errors import DataError
from sadal_core.gallery.stored import Gallery
from sadal_core.generator import GENERATORS, HardNegativeGenerator
from sadal_core.hard_negatives import HardNegatives, hard_negatives
from sadal_core.objective import Objective
from sadal_core.quadruplets import QuadrupletSampler
from tests.planted_gallery import planted_gallery
from tests.planted_metric import planted_faces, planted_metric


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return planted_gallery()


def negatives_of(kind: str) -> HardNegatives:
    """What a generator with fresh weights makes of planted faces; "none" hands the source back."""
    faces = planted_faces()
    metric = planted_metric(faces)
    x = metric.standardise(torch.from_numpy(faces.features))
    torch.manual_seed(2)
    generator = HardNegativeGenerator(12, kind="midpoint" if kind == "none" else kind, hidden=8)
    if kind == "none":
        generator.net.forward = lambda triple: triple.chunk(3, dim=1)[0]
    quadruplets = QuadrupletSampler(faces.ages, seed=1).epoch(0)
    return hard_negatives(generator, metric.head, x, faces.ages, quadruplets, Objective(tau=0.3))


def test_a_quadruplet_has_the_ages_that_were_asked_for(gallery: Gallery) -> None:
    for draw in range(20):
        found = drawn_quadruplet(gallery, Wanted(40, 20, 65, draw))
        assert [len(role) for role in found] == [1] * 4
        ages = [int(gallery.ages[role[0]]) for role in found]
        assert ages == [40, 40, 20, 65]
        assert found.anchor[0] != found.positive[0]


def test_the_same_draw_is_the_same_quadruplet_and_another_draw_another(gallery: Gallery) -> None:
    first = [drawn_quadruplet(gallery, Wanted(40, 25, 45, draw)) for draw in range(12)]
    again = [drawn_quadruplet(gallery, Wanted(40, 25, 45, draw)) for draw in range(12)]
    assert first == again
    assert all(one != other for one, other in zip(first, first[1:], strict=False))
    # Of four samples of each age every one comes, in every role.
    for age, role in ((40, 0), (40, 1), (25, 2), (45, 3)):
        many = {
            int(drawn_quadruplet(gallery, Wanted(40, 25, 45, draw))[role][0]) for draw in range(60)
        }
        assert many == set(np.flatnonzero(gallery.ages == age).tolist())


def test_where_there_is_no_choice_every_draw_is_the_same_four() -> None:
    gallery = planted_gallery(count=20)  # two of every age
    found = [drawn_quadruplet(gallery, Wanted(40, 25, 45, draw)) for draw in range(10)]
    pairs = {frozenset((int(q.anchor[0]), int(q.positive[0]))) for q in found}
    assert pairs == {frozenset(np.flatnonzero(gallery.ages == 40).tolist())}


def test_the_generator_does_not_change_who_is_drawn(gallery: Gallery) -> None:
    one, other = (
        drawn_quadruplet(gallery, Wanted(40, 20, 65, 3, kind)) for kind in ("mlp", "midpoint")
    )
    assert one == other


@pytest.mark.parametrize(
    ("age", "younger", "older"),
    [(40, 40, 45), (40, 45, 50), (40, 20, 40), (40, 20, 35), (40, 45, 20), (40, 40, 40)],
)
def test_ages_out_of_order_are_refused_with_all_three(
    gallery: Gallery, age: int, younger: int, older: int
) -> None:
    with pytest.raises(DataError, match=rf"got {younger}, {age} and {older} years\."):
        drawn_quadruplet(gallery, Wanted(age, younger, older))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(41, 20, 65), "0 samples of 41 years, and a quadruplet needs 2"),
        (Wanted(40, 21, 65), "0 samples of 21 years, and a quadruplet needs 1"),
        (Wanted(40, 20, 66), "0 samples of 66 years"),
        (Wanted(40, -5, 65), "0 samples of -5 years"),
        (Wanted(40, 20, 10**12), "0 samples of 1000000000000 years"),
    ],
)
def test_an_age_that_nobody_has_is_refused(gallery: Gallery, wanted: Wanted, words: str) -> None:
    with pytest.raises(DataError, match=words):
        drawn_quadruplet(gallery, wanted)


def test_an_anchor_needs_somebody_else_of_its_age(gallery: Gallery) -> None:
    ages = gallery.ages.copy()
    ages[3] = 41
    lonely = replace(gallery, ages=ages)
    with pytest.raises(DataError, match="1 samples of 41 years, and a quadruplet needs 2"):
        drawn_quadruplet(lonely, Wanted(41, 20, 65))
    assert drawn_quadruplet(lonely, Wanted(40, 20, 41)).older.tolist() == [3]
    assert ages_with(lonely, 2) == [20 + 5 * n for n in range(10)]
    assert ages_with(lonely) == sorted([41, *ages_with(lonely, 2)])
    assert ages_with(lonely, 4) == [age for age in ages_with(lonely, 2) if age != 35]


@pytest.mark.parametrize("dimensions", [1, 2, 7, 100])
def test_along_and_off_are_the_projection_on_the_segment_and_what_is_left(
    rng: np.random.Generator, dimensions: int
) -> None:
    anchor, source, noise = rng.normal(0, 1, (3, 50, dimensions))
    made = anchor + rng.uniform(-1, 2, (50, 1)) * (source - anchor) + noise
    t, off = along_and_off(
        copy_ratio(made, anchor, source), midpoint_residual(made, anchor, source)
    )
    for n in range(50):
        segment, there = source[n] - anchor[n], made[n] - anchor[n]
        expected = (there @ segment) / (segment @ segment)
        beside = there - expected * segment
        length = np.linalg.norm(segment)
        assert t[n] == pytest.approx(expected, rel=1e-6, abs=1e-9)
        assert off[n] == pytest.approx(np.linalg.norm(beside) / length, abs=1e-5)
    assert t.min() < 0
    assert t.max() > 1
    assert dimensions == 1 or off.max() > 0.5


def test_anchor_source_and_midpoint_lie_at_0_1_and_a_half() -> None:
    anchor, source = np.zeros((4, 3)), np.tile([0.0, 3.0, 4.0], (4, 1))
    made = np.array([[0, 0, 0], [0, 3, 4], [0, 1.5, 2], [5, 0, 0]], float)
    t, off = along_and_off(
        copy_ratio(made, anchor, source), midpoint_residual(made, anchor, source)
    )
    np.testing.assert_allclose(t, [0, 1, 0.5, 0], atol=1e-12)
    np.testing.assert_allclose(off, [0, 0, 0, 1], atol=1e-7)


def test_where_anchor_and_source_coincide_nothing_can_be_told() -> None:
    t, off = along_and_off(np.array([np.nan, 0.5]), np.array([np.nan, 0.0]))
    np.testing.assert_array_equal(t, [np.nan, 0.5])
    np.testing.assert_array_equal(off, [np.nan, 0])


def test_the_table_has_the_hardest_first_and_every_row_its_own_numbers(gallery: Gallery) -> None:
    columns = gallery.negatives
    table = hard_table(gallery, columns)
    assert len(table) == 64
    assert sorted(table["row"]) == list(range(64))
    assert table["row"].tolist() != sorted(table["row"])
    hard = table["hardness"].to_numpy()
    assert (np.diff(hard) <= 0).all()
    assert hard[0] > 0 > hard[-1]
    for place, n in enumerate(table["row"].tolist()):
        row = table.iloc[place]
        anchor, source = int(columns["anchor"][n]), int(columns["source"][n])
        assert (row["anchor"], row["negative"]) == (gallery.ids[anchor], gallery.ids[source])
        ages = int(gallery.ages[anchor]), int(gallery.ages[source])
        assert (row["anchor_age"], row["negative_age"]) == ages
        assert row["age_gap"] == abs(ages[0] - ages[1])
        kept = ("q", "distance_before", "distance_after", "demanded")
        named = row[["Q", "real", "generated", "demanded"]].tolist()
        assert named == [columns[name][n] for name in kept]
        assert row["hardness"] == pytest.approx(row["demanded"] - row["generated"])
        assert (row["D_acts"], row["G_adv_acts"]) == (
            columns["metric_active"][n],
            columns["adversary_active"][n],
        )
        assert bool(row["D_acts"]) == (row["hardness"] > 0)
    # A planted negative lies a third of the way from the source to the anchor, with some noise.
    assert table["along"].median() == pytest.approx(2 / 3, abs=0.05)
    assert 0 < table["off"].median() < 0.3


def test_equally_hard_rows_stay_in_order(gallery: Gallery) -> None:
    flat = {"demanded": np.ones(64), "distance_after": np.zeros(64)}
    table = hard_table(gallery, {**gallery.negatives, **flat})
    assert table["row"].tolist() == list(range(64))


def test_a_table_of_no_negatives_is_empty(gallery: Gallery) -> None:
    none = {name: column[:0] for name, column in gallery.negatives.items()}
    assert len(hard_table(gallery, none)) == 0


def test_generators_are_compared_by_medians_and_shares() -> None:
    made = {kind: negatives_of(kind) for kind in (*GENERATORS, "none")}
    table = compared(made).set_index("generator")
    assert table.index.tolist() == list(made)
    for kind, rows in made.items():
        line = table.loc[kind]
        assert line["distance"] == pytest.approx(float(np.median(rows.distance_after)))
        count = len(rows)
        nearer = sum(
            rows.distance_after.tolist()[n] < rows.distance_before[n] for n in range(count)
        )
        assert line["nearer"] == pytest.approx(100 * nearer / count)
        assert line["D acts"] == pytest.approx(100 * rows.metric_active.sum() / count)
        assert line["G_adv acts"] == pytest.approx(100 * rows.adversary_active.sum() / count)
    assert 0 < table.loc["mlp", "D acts"] < 100
    assert len({round(value, 6) for value in table["distance"]}) == 4
    assert table.loc["midpoint", "along"] == pytest.approx(0.5)
    assert table.loc["midpoint", "off"] == pytest.approx(0, abs=1e-3)
    assert table.loc["none", "along"] == pytest.approx(1)
    assert table.loc["none", "nearer"] == 0
    assert table.loc["mlp", "off"] > 0.1
