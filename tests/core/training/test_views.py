from dataclasses import replace

import numpy as np
import pytest
import torch

from sadal_core.ages import gaussian_labels
from sadal_core.training.augment import Changes
from sadal_core.training.config import TrainConfig
from sadal_core.training.faces import face_sets
from sadal_core.training.views import Epochs, draw_weights
from tests.planted import TINY, planted_crops

CONFIG = TrainConfig(batch_size=8, seed=3)


def test_balanced_draws_show_rare_ages_more_often() -> None:
    ages = np.array([30.0] * 990 + [70.0] * 10)
    shares = [draw_weights(ages, balance)[ages == 70].sum() for balance in (0.0, 0.5, 1.0)]
    assert shares[0] == pytest.approx(0.01)
    assert shares[1] == pytest.approx(0.0909, abs=1e-3)  # 10 / sqrt(10) : 990 / sqrt(990)
    assert shares[2] == pytest.approx(0.5)
    assert draw_weights(ages, 0.7).sum() == pytest.approx(1)


@pytest.mark.parametrize("mixing", [0.0, 0.5])
def test_a_resumed_epoch_sees_the_batches_that_an_unbroken_one_sees(mixing: float) -> None:
    train, _ = face_sets([planted_crops(60)], fraction=0.2, seed=1)
    epochs = Epochs(train, TINY, replace(CONFIG, mixing=mixing))
    whole = list(epochs.batches(2))
    rest = list(epochs.batches(2, first=3))
    assert len(whole) == len(epochs)
    assert len(rest) == len(whole) - 3
    for a, b in zip(whole[3:], rest, strict=True):
        assert np.array_equal(a.crops, b.crops)
        assert torch.equal(a.labels, b.labels)
    other = next(epochs.batches(3))
    assert not np.array_equal(other.crops, whole[0].crops)
    seed = next(Epochs(train, TINY, replace(CONFIG, seed=4)).batches(2))
    assert not np.array_equal(seed.crops, whole[0].crops)


def test_a_batch_pairs_each_face_with_its_age() -> None:
    train, _ = face_sets([planted_crops(200)], fraction=0.2, seed=1)
    config = replace(CONFIG, batch_size=64)
    batch = next(Epochs(train, TINY, config).batches(0))
    brightness = batch.crops.mean(axis=(1, 2, 3))
    assert np.corrcoef(brightness, batch.ages)[0, 1] > 0.4  # augmentation blurs it, no more
    assert torch.equal(batch.labels.argmax(dim=1), batch.ages.long())


def test_worker_processes_make_the_same_batches_epoch_after_epoch() -> None:
    train, _ = face_sets([planted_crops(60)], fraction=0.2, seed=1)
    here, there = Epochs(train, TINY, CONFIG), Epochs(train, TINY, CONFIG, workers=2)
    for epoch, first in ((0, 0), (1, 4)):
        pairs = zip(
            here.batches(epoch, first=first), there.batches(epoch, first=first), strict=True
        )
        for mine, other in pairs:
            assert np.array_equal(mine.crops, other.crops)
            assert torch.equal(mine.ages, other.ages)


def test_mixed_views_carry_the_ages_labels_and_teaching_of_both_faces_by_their_shares() -> None:
    train, _ = face_sets([planted_crops(200)], fraction=0.2, seed=1)
    config = replace(CONFIG, batch_size=64, mixing=0.5)
    taught = torch.nn.functional.one_hot(torch.arange(len(train)), len(train)).float()
    batch = next(Epochs(train, TINY, config, taught=taught).batches(0))
    assert batch.taught is not None
    shares = batch.taught  # of every face of the set in every view
    assert ((shares > 0).sum(dim=1) <= 2).all()
    assert ((shares > 0).sum(dim=1) == 2).float().mean() > 0.8
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(64))
    ages = torch.from_numpy(train.ages)
    torch.testing.assert_close(batch.ages, shares @ ages)
    labels = gaussian_labels(ages, sigma=config.label_sigma)
    torch.testing.assert_close(batch.labels, shares @ labels)
    brightness = batch.crops.mean(axis=(1, 2, 3))
    assert np.corrcoef(brightness, batch.ages)[0, 1] > 0.4


def test_without_mixing_a_batch_is_that_of_whole_faces() -> None:
    train, _ = face_sets([planted_crops(60)], fraction=0.2, seed=1)
    taught = torch.arange(len(train)).float()[:, None]
    batch = next(Epochs(train, TINY, CONFIG, taught=taught).batches(0))
    assert batch.taught is not None
    faces = batch.taught[:, 0].long()
    assert torch.equal(batch.ages, torch.from_numpy(train.ages)[faces])
    assert Epochs(train, TINY, CONFIG).batches(0).__next__().taught is None


def test_views_are_varied_as_the_settings_say() -> None:
    assert TrainConfig(exposure=0.5, degraded=0.7).changes == Changes(exposure=0.5, degraded=0.7)
    train, _ = face_sets([planted_crops(60)], fraction=0.2, seed=1)
    usual, varied = (
        next(Epochs(train, TINY, replace(CONFIG, exposure=stops, degraded=0)).batches(0)).crops
        for stops in (0.0, 2.0)
    )
    apart = np.abs(varied.mean(axis=(1, 2, 3)) - usual.mean(axis=(1, 2, 3)))
    assert apart.mean() > 15  # grey levels
