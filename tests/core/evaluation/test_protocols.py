from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from sadal_core.backbones import BACKBONES
from sadal_core.errors import DataError
from sadal_core.evaluation.metrics import mae
from sadal_core.evaluation.protocols import PROTOCOLS
from sadal_core.model import AgeModel
from tests.planted import TINY, planted_crops

MANIFEST: dict[str, Any] = {
    "config": {"validation_fraction": 0.3, "seed": 1},
    "data": [{"dataset": "planted"}],
}


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> AgeModel:
    monkeypatch.setitem(BACKBONES, "tiny", TINY)
    torch.manual_seed(0)
    return AgeModel("tiny").eval()


def ignore(done: int, total: int) -> None:
    pass


def test_holdout_measures_the_held_out_faces_only(model: AgeModel) -> None:
    crops = planted_crops(80)
    result = PROTOCOLS["holdout"](model, MANIFEST, crops, ignore)
    split = crops.holdout(fraction=0.3, seed=1)
    assert np.array_equal(result.predictions.true, crops.ages[split.validation])
    assert np.array_equal(result.train_ages, crops.ages[split.train])


def test_unseen_refuses_a_data_set_that_was_trained_on(model: AgeModel) -> None:
    with pytest.raises(DataError, match="was trained on planted.*holdout"):
        PROTOCOLS["unseen"](model, MANIFEST, planted_crops(20), ignore)
    other = planted_crops(20, dataset="other")
    assert len(PROTOCOLS["unseen"](model, MANIFEST, other, ignore).predictions.true) == 20


def test_leave_one_person_out_learns_from_the_others(model: AgeModel) -> None:
    crops = planted_crops(200, subjects=8)
    folds: list[tuple[int, int]] = []
    result = PROTOCOLS["lopo"](model, MANIFEST, crops, lambda *done: folds.append(done))
    made = result.predictions
    assert folds[-1] == (8, 8)
    assert mae(made.true, made.age) < 4  # brightness is the age; the median would err by 20
    assert 0.7 < np.mean((made.true >= made.low) & (made.true <= made.high)) < 0.95
    assert len(set(result.units.tolist())) == 8


def test_leave_one_person_out_never_sees_the_person(model: AgeModel) -> None:
    """The estimate of a person is the same whatever ages that person's pictures carry."""
    crops = planted_crops(60, subjects=6)
    theirs = np.array([sample.subject == "p0" for sample in crops.samples])
    wrong = [
        replace(sample, age=100) if sample.subject == "p0" else sample for sample in crops.samples
    ]
    first = PROTOCOLS["lopo"](model, MANIFEST, crops, ignore).predictions.age
    second = PROTOCOLS["lopo"](model, MANIFEST, replace(crops, samples=wrong), ignore)
    assert np.allclose(first[theirs], second.predictions.age[theirs])
    assert not np.allclose(first[~theirs], second.predictions.age[~theirs])


def test_leave_one_person_out_needs_to_know_who_is_who(model: AgeModel) -> None:
    with pytest.raises(DataError, match="who is in each picture"):
        PROTOCOLS["lopo"](model, MANIFEST, planted_crops(20), ignore)
    with pytest.raises(DataError, match="two subjects or more"):
        PROTOCOLS["lopo"](model, MANIFEST, planted_crops(20, subjects=1), ignore)
