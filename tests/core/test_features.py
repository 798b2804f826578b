from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sadal_core import features
from sadal_core.errors import DataError
from sadal_core.features import FeatureSet, feature_set, joined, units
from sadal_core.model import AgeModel
from tests.planted import planted_crops


def test_the_views_are_the_face_and_its_mirror_image(tiny: AgeModel) -> None:
    crops = planted_crops(5)
    made = feature_set(tiny, crops)
    assert made.features.shape == (5, 2, 8)
    mirrored = replace(crops, images=np.ascontiguousarray(crops.images[:, :, ::-1]))
    torch.testing.assert_close(feature_set(tiny, mirrored).features, made.features.flip(1))
    torch.testing.assert_close(made.plain, made.features.mean(dim=1))
    np.testing.assert_allclose(made.plain.numpy(), tiny.predict(crops.images).features, rtol=1e-5)


def test_a_cache_is_read_only_for_the_same_backbone_and_faces(
    tiny: AgeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, crops = tmp_path / "features.npz", planted_crops(6)
    first = feature_set(tiny, crops, cache)
    calls: list[int] = []
    computed = features.backbone_features

    def counted(tiny: AgeModel, images: np.ndarray) -> torch.Tensor:
        calls.append(len(images))
        return computed(tiny, images)

    monkeypatch.setattr(features, "backbone_features", counted)
    assert torch.equal(feature_set(tiny, crops, cache).features, first.features)
    assert calls == []
    feature_set(tiny, planted_crops(7), cache)
    with torch.no_grad():
        next(tiny.backbone.parameters()).add_(0.1)
    feature_set(tiny, planted_crops(7), cache)
    cache.write_bytes(b"damaged")
    feature_set(tiny, planted_crops(7), cache)
    assert calls == [7, 7, 7]


def test_units_are_subjects_where_they_are_known() -> None:
    assert len(set(units(planted_crops(12, subjects=3)).tolist())) == 3
    assert len(set(units(planted_crops(12)).tolist())) == 12


def test_joined_sets_share_no_unit(tiny: AgeModel) -> None:
    one, two = (feature_set(tiny, planted_crops(4, seed=seed)) for seed in (0, 1))
    both = joined([one, two])
    assert len(set(both.units.tolist())) == len(both) == 8
    assert torch.equal(both.select(np.arange(8) >= 4).features, two.features)


def test_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(DataError, match=r"as many and some, got \(2, 3, 2\)"):
        FeatureSet(torch.zeros(2, 1, 4), np.zeros(3), np.zeros(2, int))
    with pytest.raises(DataError, match="got"):
        FeatureSet(torch.zeros(0, 1, 4), np.zeros(0), np.zeros(0, int))
