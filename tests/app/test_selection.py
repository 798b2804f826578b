import base64
import io
import re
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app import map_text as text
from app.scene import places
from app.selection import (
    Selection,
    gap_distances,
    read_selection,
    reference_sample,
    selection_table,
)
from app.tabs.metric_space.answers import about_selection
from app.view import Pick, View
from sadal_core.gallery.query import quadruplet
from sadal_core.gallery.stored import Gallery
from sadal_core.similarity import Similarity
from tests.planted_gallery import planted_gallery

Q = Similarity()


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return planted_gallery()


def selected(samples: list[int], negatives: list[int]) -> Selection:
    return Selection(np.array(samples, np.int64), np.array(negatives, np.int64))


def squared(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one.astype(np.float64) - other) ** 2)


def test_a_selection_is_what_the_browser_sends_in_order_and_once(gallery: Gallery) -> None:
    read = read_selection(gallery, {"real": [7, 0, 39, 7], "generated": [63, 2, 2], "more": 1})
    assert read.samples.tolist() == [0, 7, 39]
    assert read.negatives.tolist() == [2, 63]
    assert read.samples.dtype == read.negatives.dtype == np.int64
    assert len(read) == 5


@pytest.mark.parametrize(
    "data",
    [
        None, 3, "real", b"real", [], [1, 2], {}, {"real": None}, {"real": 5}, {"real": "123"},
        {"real": {"0": 1}}, {"real": (1, 2)}, {1: [1]}, {"REAL": [1]}, {"generated": True},
    ],
)  # fmt: skip
def test_what_is_no_selection_selects_nothing(gallery: Gallery, data: Any) -> None:
    read = read_selection(gallery, data)
    assert len(read) == len(read.samples) == len(read.negatives) == 0


@pytest.mark.parametrize(
    "forged",
    [
        -1, 64, 10**30, -(10**30), 2**63, 1.0, 2.5, float("nan"), True, False, None, "1", "", [1],
        {}, {"row": 1}, [[1]], np.int64(3),
    ],
)  # fmt: skip
def test_rows_that_are_no_rows_are_left_out_and_the_others_stay(
    gallery: Gallery, forged: Any
) -> None:
    read = read_selection(gallery, {"real": [5, forged, 3], "generated": [forged, 40]})
    assert read.samples.tolist() == [3, 5]
    assert read.negatives.tolist() == [40]


def test_a_row_is_held_against_its_own_kind(gallery: Gallery) -> None:
    read = read_selection(gallery, {"real": [39, 40, 63], "generated": [39, 40, 63, 64]})
    assert read.samples.tolist() == [39]
    assert read.negatives.tolist() == [39, 40, 63]


@pytest.mark.parametrize("space", ["after", "before"])
def test_distances_by_gap_are_those_of_all_pairs_in_the_space(gallery: Gallery, space: str) -> None:
    samples = [0, 3, 12, 30, 31]
    found = gap_distances(gallery, selected(samples, []), space)
    vectors = gallery.space(space)
    expected = sorted(
        (abs(int(gallery.ages[a] - gallery.ages[b])), squared(vectors[a], vectors[b]))
        for a, b in combinations(samples, 2)
    )
    got = sorted(zip(found.gaps.tolist(), found.distances.tolist(), strict=True))
    np.testing.assert_allclose(got, expected)
    assert len({gap for gap, _ in expected}) > 3
    assert 0 in found.gaps  # 20 and 20 years


def test_generated_negatives_are_measured_from_their_anchor_in_the_metric_only(
    gallery: Gallery,
) -> None:
    rows = [0, 31, 32, 63]
    after = gap_distances(gallery, selected([], rows), "after")
    table = gallery.negatives
    for n, row in enumerate(rows):
        anchor, source = (int(table[name][row]) for name in ("anchor", "source"))
        assert after.negative_gaps[n] == abs(gallery.ages[anchor] - gallery.ages[source]) > 0
        exact = squared(gallery.embeddings[anchor], gallery.negative_embeddings[row])
        assert after.negative_distances[n] == pytest.approx(exact, rel=1e-5)
    assert len(after.gaps) == len(after.distances) == 0
    before = gap_distances(gallery, selected([1, 2], rows), "before")
    assert len(before.negative_gaps) == len(before.negative_distances) == 0
    assert len(before.gaps) == 1


def test_many_samples_give_many_pairs_and_always_the_same() -> None:
    gallery = planted_gallery(count=200)
    everybody = selected(list(range(200)), [])
    one, two = (gap_distances(gallery, everybody, "after") for _ in range(2))
    assert len(one.gaps) == len(one.distances) == 3000 < 200 * 199 / 2
    np.testing.assert_array_equal(one.distances, two.distances)
    assert (one.distances > 0).all()  # nobody meets himself


def test_the_reference_is_the_chosen_sample_or_the_one_in_the_middle(gallery: Gallery) -> None:
    samples = [0, 2, 11, 23, 36, 39]
    chosen = selected(samples, [5])
    assert reference_sample(gallery, chosen, 17) == 17
    assert reference_sample(gallery, chosen, 0) == 0
    vectors = gallery.embeddings[samples].astype(np.float64)
    far = np.linalg.norm(vectors - vectors.mean(axis=0), axis=1)
    assert reference_sample(gallery, chosen, None) == samples[int(far.argmin())]
    assert far.argmin() != 0
    assert reference_sample(gallery, selected([], [5]), None) is None
    assert reference_sample(gallery, selected([9], []), None) == 9


COLUMNS = ["id", "kind", "age", "x", "y", "from", "age_gap", "Q", "distance"]


@pytest.mark.parametrize("epoch", [None, 0, 1])
def test_the_table_has_one_row_per_point_with_its_own_numbers(
    gallery: Gallery, epoch: int | None
) -> None:
    chosen, view = selected([3, 21, 38], [4, 40]), View(epoch=epoch)
    table = selection_table(gallery, chosen, view, Q, 21)
    assert list(table.columns) == COLUMNS
    assert table["kind"].tolist() == ["real"] * 3 + ["generated"] * 2
    samples, negatives = places(gallery, view, "after")
    np.testing.assert_allclose(table[["x", "y"]].iloc[:3], samples[[3, 21, 38]])
    np.testing.assert_allclose(table[["x", "y"]].iloc[3:], negatives[[4, 40]])
    for n, sample in enumerate([3, 21, 38]):
        row = table.iloc[n]
        gap = abs(int(gallery.ages[sample] - gallery.ages[21]))
        assert (row["id"], row["from"]) == (gallery.ids[sample], gallery.ids[21])
        assert (row["age"], row["age_gap"]) == (gallery.ages[sample], gap)
        assert row["Q"] == pytest.approx(Q(float(gap)))
        exact = squared(gallery.embeddings[sample], gallery.embeddings[21])
        assert row["distance"] == pytest.approx(exact, abs=1e-12)
    assert table["distance"][1] == 0  # of the reference itself
    for n, negative in enumerate([4, 40], start=3):
        row = table.iloc[n]
        anchor, source = (int(gallery.negatives[c][negative]) for c in ("anchor", "source"))
        gap = abs(int(gallery.ages[anchor] - gallery.ages[source]))
        assert (row["id"], row["from"]) == (f"generated/{negative}", gallery.ids[anchor])
        assert (row["age"], row["age_gap"]) == (gallery.ages[source], gap)
        assert row["Q"] == pytest.approx(float(gallery.negatives["q"][negative]), rel=1e-5)
        exact = squared(gallery.embeddings[anchor], gallery.negative_embeddings[negative])
        assert row["distance"] == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize(("kind", "axes"), [("umap3", "xyz"), ("pca3", "xyz"), ("pca", "xy")])
def test_places_in_the_table_are_those_of_the_map_shown_first(
    gallery: Gallery, kind: str, axes: str
) -> None:
    for space, first in (("after", "after"), ("before", "before"), ("both", "after")):
        table = selection_table(
            gallery, selected([6, 7], [1]), View(kind=kind, space=space), Q, None
        )
        assert [c for c in table.columns if c in "xyz"] == list(axes)
        samples, negatives = places(gallery, View(kind=kind), first)
        expected = np.concatenate([samples[[6, 7]], negatives[[1]]])
        np.testing.assert_allclose(table[list(axes)], expected)


def test_a_table_of_generated_negatives_needs_no_reference(gallery: Gallery) -> None:
    table = selection_table(gallery, selected([], [0, 33]), View(), Q, None)
    assert list(table.columns) == COLUMNS
    assert len(table) == 2
    anchors = gallery.negatives["anchor"][[0, 33]]
    assert table["from"].tolist() == gallery.ids[anchors].tolist()


def test_a_table_of_nothing_has_columns_and_no_rows(gallery: Gallery) -> None:
    table = selection_table(gallery, selected([], []), View(), Q, None)
    assert list(table.columns) == COLUMNS
    assert len(table) == 0
    found = gap_distances(gallery, selected([], []), "after")
    assert [len(part) for part in vars(found).values()] == [0] * 4


def test_q_is_that_of_the_formula_that_is_given(gallery: Gallery) -> None:
    wing = Similarity("wing_norm")
    table = selection_table(gallery, selected([0, 9], [0]), View(), wing, 0)
    np.testing.assert_allclose(table["Q"], wing(table["age_gap"].to_numpy(np.float64)))
    assert table["Q"][1] == pytest.approx(wing(45.0))
    assert wing(45.0) != pytest.approx(Q(45.0))


def test_a_gallery_without_negatives_can_be_selected_from(gallery: Gallery) -> None:
    empty = replace(
        gallery,
        negatives={name: column[:0] for name, column in gallery.negatives.items()},
        negative_embeddings=gallery.negative_embeddings[:0],
        negative_neighbours=gallery.negative_neighbours[:0],
        epochs=None,
        negative_maps={name: part[:0] for name, part in gallery.negative_maps.items()},
    )
    read = read_selection(empty, {"real": [1, 2], "generated": [0]})
    assert (len(read.samples), len(read.negatives)) == (2, 0)
    assert len(selection_table(empty, read, View(), Q, None)) == 2


def downloaded(words: str) -> pd.DataFrame:
    """The table behind the link to a CSV file."""
    (content,) = re.findall(r'href="data:text/csv;base64,([^"]*)"', words)
    return pd.read_csv(io.BytesIO(base64.b64decode(content)))


def test_the_file_holds_the_whole_table_unrounded() -> None:
    gallery = planted_gallery(count=1100)
    chosen = selected(list(range(1050)), [1, 900])
    answer = about_selection(gallery, View(), chosen)
    reference = reference_sample(gallery, chosen, None)
    table = selection_table(gallery, chosen, View(), Q, reference)
    read = downloaded(answer.words)
    pd.testing.assert_frame_equal(read, table, check_dtype=False, rtol=1e-6)
    assert answer.table is not None
    assert len(answer.table) == 1000 < len(read) == 1052
    assert (answer.table["distance"] == table["distance"][:1000].round(3)).all()
    assert text.selected(1050, 2) in answer.words
    assert answer.ages.data[0].y.sum() == 1050  # of generated negatives nobody has an age
    assert len(answer.gaps.data[0].x) == 3000


def test_distances_are_from_the_chosen_sample_where_there_is_one(gallery: Gallery) -> None:
    anchor = quadruplet(gallery, 5).anchor
    middle = reference_sample(gallery, selected([1, 2, 3], []), None)
    for pick, reference, which in (
        (Pick("real", 33), 33, "chosen"), (Pick("quadruplet", 5), anchor, "chosen"),
        (Pick("generated", 32 + 5), anchor, "chosen"), (Pick("real", 0), 0, "chosen"),
        (None, middle, "middle"), (Pick("real", 99), middle, "middle"),
    ):  # fmt: skip
        answer = about_selection(gallery, View(pick=pick), selected([1, 2, 3], []))
        assert downloaded(answer.words)["from"].tolist() == [str(gallery.ids[reference])] * 3
        assert which in answer.words
        assert f"{gallery.ids[reference]} of {gallery.ages[reference]} years" in answer.words


def test_the_demand_is_drawn_in_the_metric_alone(gallery: Gallery) -> None:
    after = about_selection(gallery, View(), selected([1, 2], [3])).gaps.data
    config = gallery.about["config"]
    gaps = np.arange(46.0)  # up to the widest that there is
    demanded = Q.demanded_distance(gaps, tau=config["tau"], q_on=config["q_on"])
    np.testing.assert_allclose(after[2].y, demanded)
    np.testing.assert_array_equal(after[2].x, gaps)
    assert [len(trace.x) for trace in after[:2]] == [1, 1]
    before = about_selection(gallery, View(space="before"), selected([1, 2], [3])).gaps.data
    assert [len(trace.x) for trace in before] == [1, 0]


def test_of_an_empty_selection_only_that_is_said(gallery: Gallery) -> None:
    answer = about_selection(gallery, View(), selected([], []))
    assert text.SELECTION_NONE in answer.words
    assert answer[1:] == (None, None, None)


def test_names_of_samples_cannot_become_markup(gallery: Gallery) -> None:
    ids = gallery.ids.astype(object)
    ids[4] = "<script>alert(1)</script>"
    forged = replace(gallery, ids=ids)
    answer = about_selection(forged, View(pick=Pick("real", 4)), selected([4, 5], []))
    assert "<script" not in answer.words
    assert "&lt;script&gt;" in answer.words
    assert downloaded(answer.words)["id"][0] == ids[4]
