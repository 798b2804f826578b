from typing import Any

import numpy as np
import pytest

from sadal_core.errors import DataError, WeightsError
from sadal_core.evaluation.protocols import PROTOCOLS
from sadal_core.model import AgeModel
from tests.planted import planted_crops

MANIFEST: dict[str, Any] = {
    "split": {"fraction": 0.3, "seed": 1},
    "data": [{"dataset": "planted"}],
}


def ignore(done: int, total: int) -> None:
    pass


def test_holdout_measures_the_held_out_faces_only(tiny: AgeModel) -> None:
    crops = planted_crops(80)
    result = PROTOCOLS["holdout"](tiny, MANIFEST, crops, ignore)
    split = crops.holdout(fraction=0.3, seed=1)
    assert np.array_equal(result.predictions.true, crops.ages[split.validation])
    assert [sample.age for sample in result.samples] == result.predictions.true.tolist()
    assert np.array_equal(result.train_ages, crops.ages[split.train])


def test_a_model_that_says_nothing_of_its_split_is_refused(tiny: AgeModel) -> None:
    with pytest.raises(WeightsError, match="no entry 'split'"):
        PROTOCOLS["holdout"](tiny, {}, planted_crops(20), ignore)


def test_unseen_refuses_a_data_set_that_was_trained_on(tiny: AgeModel) -> None:
    with pytest.raises(DataError, match="was trained on planted.*holdout"):
        PROTOCOLS["unseen"](tiny, MANIFEST, planted_crops(20), ignore)
    other = planted_crops(20, dataset="other")
    assert len(PROTOCOLS["unseen"](tiny, MANIFEST, other, ignore).predictions.true) == 20
