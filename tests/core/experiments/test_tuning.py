from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from sadal_core.data.crops import Crops
from sadal_core.evaluation.metrics import mae
from sadal_core.experiments.tuning import Tuning, lower_maps, tuned
from sadal_core.features import feature_set
from sadal_core.model import AgeModel
from tests.planted import planted_crops

LAST = Tuning(stages=1, views=3)


def some(crops: Crops) -> np.ndarray:
    return np.arange(len(crops.ages)) % 3 > 0


def error_of(model: AgeModel, features: torch.Tensor, crops: Crops) -> float:
    with torch.no_grad():
        ages, _ = model.distributions(model.head(features.mean(dim=1)))
    return mae(crops.ages, ages)


def test_maps_are_of_varied_views_and_of_the_face_and_its_mirror_image(tiny: AgeModel) -> None:
    crops = planted_crops(70)  # more than are computed at once
    maps = lower_maps(tiny, crops.images, LAST)
    assert maps.shape[:3] == (5, 70, 4)
    assert maps.dtype == np.float16
    with torch.no_grad():
        plain = tiny.backbone.stages[0](tiny.spec.preprocess(crops.images))
    np.testing.assert_allclose(maps[-2], plain.numpy(), rtol=2e-3, atol=2e-3)
    assert all(np.abs(maps[-2] - view).max() > 0.01 for view in maps[:3])
    assert np.array_equal(maps, lower_maps(tiny, crops.images, LAST))


@pytest.mark.parametrize("stages", [1, 2, 3])  # the last: more than there are
def test_without_learning_the_features_are_those_of_the_model(tiny: AgeModel, stages: int) -> None:
    crops, still = planted_crops(20), replace(LAST, stages=stages, learning_rate=0.0)
    _, features = tuned(tiny, lower_maps(tiny, crops.images, still), crops.ages, some(crops), still)
    torch.testing.assert_close(features, feature_set(tiny, crops).features, rtol=5e-3, atol=5e-3)


def test_it_learns_and_leaves_the_model_as_it_is(tiny: AgeModel) -> None:
    crops = planted_crops(150)
    before = {name: value.clone() for name, value in tiny.state_dict().items()}
    drawn = torch.random.get_rng_state()
    settings = replace(LAST, epochs=30, learning_rate=3e-3)
    maps = lower_maps(tiny, crops.images, settings)
    model, features = tuned(tiny, maps, crops.ages, some(crops), settings)
    unseen = ~some(crops)
    chosen = feature_set(tiny, crops).features[torch.from_numpy(unseen)]
    others = replace(
        crops, samples=[s for s, new in zip(crops.samples, unseen, strict=True) if new]
    )
    first = error_of(tiny, chosen, others)
    assert error_of(model, features[torch.from_numpy(unseen)], others) < 0.7 * first
    assert all(torch.equal(before[name], value) for name, value in tiny.state_dict().items())
    assert torch.equal(drawn, torch.random.get_rng_state())
    own: dict[str, Any] = dict(model.named_parameters())
    assert all(torch.equal(own[name], p) for name, p in tiny.named_parameters() if "first" in name)
    assert any(not torch.equal(own[name], p) for name, p in tiny.named_parameters())


def test_other_faces_have_no_part_in_it(tiny: AgeModel) -> None:
    crops = planted_crops(40)
    train = some(crops)
    maps = lower_maps(tiny, crops.images, LAST)
    _, first = tuned(tiny, maps, crops.ages, train, LAST)
    ages, pictures = crops.ages.copy(), maps.copy()
    ages[~train] = 3
    pictures[:, ~train] = 0
    _, second = tuned(tiny, pictures, ages, train, LAST)
    kept = torch.from_numpy(train)
    assert torch.equal(first[kept], second[kept])
