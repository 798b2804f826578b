from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sadal_core.data.crops import Crops
from sadal_core.errors import DataError
from sadal_core.evaluation.metrics import mae
from sadal_core.experiments import tuning
from sadal_core.experiments.lopo import person_splits
from sadal_core.experiments.tuning import Tuning, lower_maps, tuned, tuned_folds
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


def test_folds_are_kept_and_those_that_are_missing_made(
    tiny: AgeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crops = planted_crops(30, subjects=3)
    faces, splits = feature_set(tiny, crops), person_splits(crops)
    told: list[tuple[int, int]] = []
    folds = partial(
        tuned_folds, tiny, crops, faces, tmp_path / "folds",
        lambda *now: told.append(now), workers=1, tuning=LAST,
    )  # fmt: skip
    first = folds()
    assert told == [(1, 3), (2, 3), (3, 3)]
    maps = lower_maps(tiny, crops.images, LAST)
    for split, made in zip(splits, first, strict=True):
        assert torch.equal(made.features, tuned(tiny, maps, crops.ages, split.train, LAST)[1])

    files = sorted((tmp_path / "folds").iterdir())
    assert len(files) == 3
    files[0].unlink()
    files[1].write_bytes(b"damaged")
    learned: list[int] = []
    learn = tuning.tuned
    monkeypatch.setattr(tuning, "tuned", lambda *now: learned.append(1) or learn(*now))
    again = folds()
    assert len(learned) == 2
    for before, after in zip(first, again, strict=True):
        assert torch.equal(before.features, after.features)
    files[1].write_bytes(b"damaged")  # all are there, and one cannot be read
    assert torch.equal(folds()[1].features, first[1].features)


def test_another_head_makes_other_folds(tiny: AgeModel, tmp_path: Path) -> None:
    crops = planted_crops(20, subjects=2)
    for _ in range(2):
        with torch.no_grad():
            tiny.head.bias.add_(1.0)
        tuned_folds(
            tiny, crops, feature_set(tiny, crops), tmp_path, lambda *_: None, workers=1, tuning=LAST
        )
    assert len(list(tmp_path.iterdir())) == 4


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_learned(
    tiny: AgeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crops = planted_crops(30, subjects=3)
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(tuning, "lower_maps", lambda *_: pytest.fail("computed for nothing"))
    with pytest.raises(DataError, match="file"):
        tuned_folds(
            tiny, crops, feature_set(tiny, crops), tmp_path / "file" / "x",
            lambda *_: None,
        )  # fmt: skip
