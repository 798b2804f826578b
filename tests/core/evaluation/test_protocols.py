from typing import Any

import numpy as np
import pytest
import torch

from sadal_core.backbones import BACKBONES
from sadal_core.errors import DataError
from sadal_core.evaluation.protocols import PROTOCOLS
from sadal_core.model import AgeModel
from tests.planted import TINY, planted_crops

MANIFEST: dict[str, Any] = {
    "split": {"fraction": 0.3, "seed": 1},
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
