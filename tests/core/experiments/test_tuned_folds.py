from functools import partial
from pathlib import Path

import pytest
import torch

from sadal_core.errors import DataError
from sadal_core.experiments import tuned_folds as module
from sadal_core.experiments.lopo import person_splits
from sadal_core.experiments.tuned_folds import tuned_folds
from sadal_core.experiments.tuning import Tuning, lower_maps, tuned
from sadal_core.features import feature_set
from sadal_core.model import AgeModel
from tests.planted import planted_crops

LAST = Tuning(stages=1, views=3)


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
        model, features = tuned(tiny, maps, crops.ages, split.train, LAST)
        assert torch.equal(made.faces.features, features)
        assert torch.equal(made.head(features), model.head(features))

    files = sorted((tmp_path / "folds").iterdir())
    assert len(files) == 3
    files[0].unlink()
    files[1].write_bytes(b"damaged")
    learned: list[int] = []
    learn = module.tuned
    monkeypatch.setattr(module, "tuned", lambda *now: learned.append(1) or learn(*now))
    again = folds()
    assert len(learned) == 2
    for before, after in zip(first, again, strict=True):
        assert torch.equal(before.faces.features, after.faces.features)
        assert torch.equal(before.head.weight, after.head.weight)
    files[1].write_bytes(b"damaged")  # all are there, and one cannot be read
    assert torch.equal(folds()[1].faces.features, first[1].faces.features)


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
    monkeypatch.setattr(module, "lower_maps", lambda *_: pytest.fail("computed for nothing"))
    with pytest.raises(DataError, match="file"):
        tuned_folds(
            tiny, crops, feature_set(tiny, crops), tmp_path / "file" / "x",
            lambda *_: None,
        )  # fmt: skip
