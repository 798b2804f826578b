from dataclasses import replace

import numpy as np
import pytest

from benchmarks.brightening import lines, rows
from sadal_core.data.crops import Crops
from sadal_core.model import AgeModel
from tests.planted import planted_crops

SPLIT = {"fraction": 0.5, "seed": 1}


@pytest.fixture
def crops() -> Crops:
    made = planted_crops(40)
    samples = [
        replace(sample, sex=("female", "male")[number % 2])
        for number, sample in enumerate(made.samples)
    ]
    images = np.full_like(made.images, 200)
    images[:10] = 120  # brightened
    images[10:14] = 60  # and warned of
    return replace(made, samples=samples, images=images)


def test_each_group_is_counted_and_its_dark_faces_are_measured_both_ways(
    tiny: AgeModel, crops: Crops
) -> None:
    tiny.spec = spec = replace(tiny.spec, white=160)
    everybody, female, male = rows(tiny, SPLIT, crops)
    assert (everybody["n"], everybody["brightened"], everybody["warned"]) == (40, 14, 4)
    assert [row["group"] for row in (everybody, female, male)] == ["", "female", "male"]
    assert (female["brightened"], male["brightened"]) == (7, 7)
    assert everybody["n_held_out"] == female["n_held_out"] + male["n_held_out"] > 0
    assert everybody["mae"] != everybody["mae_without"]
    assert tiny.spec == spec
    told = list(lines({"rows": [everybody, female]}))
    assert told == [
        "planted all: 35.0 % of 40 brightened", "planted female: 35.0 % of 20 brightened"
    ]  # fmt: skip


def test_where_nobody_is_dark_nothing_is_measured(tiny: AgeModel, crops: Crops) -> None:
    tiny.spec = replace(tiny.spec, white=160)
    bright = replace(crops, images=np.full_like(crops.images, 200))
    assert all(row["brightened"] == 0 and row["mae"] is None for row in rows(tiny, SPLIT, bright))


def test_an_attribute_that_is_the_same_for_all_makes_no_group(tiny: AgeModel, crops: Crops) -> None:
    women = [replace(sample, sex="female") for sample in crops.samples]
    assert [row["group"] for row in rows(tiny, SPLIT, replace(crops, samples=women))] == [""]
