import numpy as np
import pytest

from sadal_core.errors import DataError
from sadal_core.training.faces import face_sets
from tests.planted import planted_crops


def test_training_and_validation_faces_are_those_of_the_split() -> None:
    conflicting = np.zeros(60, bool)
    conflicting[::7] = True
    parts = [
        planted_crops(60, conflicting=conflicting),
        planted_crops(40, seed=1, dataset="second"),
    ]
    train, validation = face_sets(parts, fraction=0.3, seed=1)
    masks = [crops.holdout(fraction=0.3, seed=1) for crops in parts]
    assert len(train) == sum(mask.train.sum() for mask in masks)
    assert len(validation) == sum(mask.validation.sum() for mask in masks)
    for side, field in ((train, "train"), (validation, "validation")):
        expected = [
            crops.images[i]
            for crops, mask in zip(parts, masks, strict=True)
            for i in np.flatnonzero(getattr(mask, field))
        ]
        assert all(np.array_equal(side.image(i), image) for i, image in enumerate(expected))
    assert not any(masks[0].validation & conflicting)


def test_a_split_without_faces_on_one_side_is_refused() -> None:
    with pytest.raises(DataError, match="leaves no faces to measure on"):
        face_sets([planted_crops(2)], fraction=0.0, seed=1)
