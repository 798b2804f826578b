from dataclasses import replace

import numpy as np
import pytest
import torch

from sadal_core.errors import DataError
from sadal_core.training.config import TrainConfig
from sadal_core.training.faces import draw_weights, epoch_batches, face_sets, steps_per_epoch
from tests.planted import TINY, planted_crops

CONFIG = TrainConfig(batch_size=8, seed=3)


def test_balanced_draws_show_rare_ages_more_often() -> None:
    ages = np.array([30.0] * 990 + [70.0] * 10)
    shares = [draw_weights(ages, balance)[ages == 70].sum() for balance in (0.0, 0.5, 1.0)]
    assert shares[0] == pytest.approx(0.01)
    assert shares[1] == pytest.approx(0.0909, abs=1e-3)  # 10 / sqrt(10) : 990 / sqrt(990)
    assert shares[2] == pytest.approx(0.5)
    assert draw_weights(ages, 0.7).sum() == pytest.approx(1)


def test_a_resumed_epoch_sees_the_batches_that_an_unbroken_one_sees() -> None:
    train, _ = face_sets([planted_crops(60)], fraction=0.2, seed=1)
    whole = list(epoch_batches(train, TINY, CONFIG, 2))
    rest = list(epoch_batches(train, TINY, CONFIG, 2, first=3))
    assert len(whole) == steps_per_epoch(train, CONFIG)
    assert len(rest) == len(whole) - 3
    for a, b in zip(whole[3:], rest, strict=True):
        assert torch.equal(a.faces, b.faces)
        assert torch.equal(a.labels, b.labels)
    other = next(epoch_batches(train, TINY, CONFIG, 3))
    assert not torch.equal(other.faces, whole[0].faces)
    seed = next(epoch_batches(train, TINY, replace(CONFIG, seed=4), 2))
    assert not torch.equal(seed.faces, whole[0].faces)


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


def test_a_batch_pairs_each_face_with_its_age() -> None:
    train, _ = face_sets([planted_crops(200)], fraction=0.2, seed=1)
    config = replace(CONFIG, batch_size=64)
    batch = next(epoch_batches(train, TINY, config, 0))
    brightness = batch.faces.mean(dim=(1, 2, 3)).numpy()
    assert np.corrcoef(brightness, batch.ages)[0, 1] > 0.4  # augmentation blurs it, no more
    assert torch.equal(batch.labels.argmax(dim=1), batch.ages.long())


def test_a_split_without_faces_on_one_side_is_refused() -> None:
    with pytest.raises(DataError, match="leaves no faces to measure on"):
        face_sets([planted_crops(2)], fraction=0.0, seed=1)
