from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sadal_core.comparison.protocols import LEAKY, PROTOCOLS, holdout, lopo, subject_exclusive
from sadal_core.data.crops import Crops
from sadal_core.errors import DataError
from tests.planted import planted_crops

MANIFEST: dict[str, Any] = {
    "data": [{"dataset": "learned"}],
    "split": {"fraction": 0.3, "seed": 1},
}


def people(crops: list[Crops], mask: np.ndarray) -> set[str]:
    names = [f"{one.dataset} {sample.subject}" for one in crops for sample in one.samples]
    return {name for name, chosen in zip(names, mask, strict=True) if chosen}


PARTS = [
    planted_crops(40, subjects=7, dataset="one"),
    planted_crops(30, subjects=6, dataset="two", seed=1),
]


@pytest.mark.parametrize("name", ["lopo", "subject_exclusive", "random"])
def test_every_face_is_measured_once_and_never_learned_from_then(name: str) -> None:
    folds = PROTOCOLS[name](PARTS, MANIFEST)
    measured = np.sum([fold.split.validation for fold in folds], axis=0)
    assert (measured == 1).all()
    for fold in folds:
        assert np.array_equal(fold.split.train, ~fold.split.validation)
        assert fold.split.train.any()
    assert len({fold.name for fold in folds}) == len(folds)


@pytest.mark.parametrize("name", ["lopo", "subject_exclusive"])
def test_nobody_is_on_both_sides(name: str) -> None:
    for fold in PROTOCOLS[name](PARTS, MANIFEST):
        assert not people(PARTS, fold.split.train) & people(PARTS, fold.split.validation)


def test_random_folds_are_leaky_and_said_to_be() -> None:
    assert {"random"} == LEAKY
    fold = PROTOCOLS["random"](PARTS, MANIFEST)[0]
    assert people(PARTS, fold.split.train) & people(PARTS, fold.split.validation)


def test_persons_of_the_same_name_in_two_data_sets_are_two() -> None:
    assert len(lopo(PARTS, MANIFEST)) == 13
    assert len(subject_exclusive(PARTS, MANIFEST)) == 5


def test_the_held_out_groups_are_those_of_the_model() -> None:
    (fold,) = holdout(PARTS, MANIFEST)
    expected = [crops.holdout(fraction=0.3, seed=1) for crops in PARTS]
    assert np.array_equal(fold.split.train, np.concatenate([s.train for s in expected]))
    assert np.array_equal(fold.split.validation, np.concatenate([s.validation for s in expected]))


@pytest.mark.parametrize("name", ["lopo", "subject_exclusive", "random"])
def test_faces_that_the_features_were_learned_from_are_refused(name: str) -> None:
    learned = [replace(PARTS[0], dataset="learned")]
    with pytest.raises(DataError, match="learned from learned"):
        PROTOCOLS[name](learned, MANIFEST)


@pytest.mark.parametrize(
    ("name", "count", "subjects", "words"),
    [
        ("lopo", 10, 0, "needs to know who"),
        ("lopo", 10, 1, "two subjects or more"),
        ("subject_exclusive", 10, 0, "needs? to know who"),
        ("subject_exclusive", 10, 4, "5 subjects or more"),
        ("random", 4, 0, "5 faces or more"),
    ],
)
def test_data_that_a_protocol_cannot_split_is_refused(
    name: str, count: int, subjects: int, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        PROTOCOLS[name]([planted_crops(count, subjects=subjects)], MANIFEST)


def test_a_split_that_leaves_nobody_is_refused() -> None:
    nobody = {**MANIFEST, "split": {"fraction": 0.0, "seed": 1}}
    with pytest.raises(DataError, match="nobody"):
        holdout(PARTS, nobody)
