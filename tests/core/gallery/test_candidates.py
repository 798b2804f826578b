from dataclasses import replace

import numpy as np
import pytest
import torch

from sadal_core.data.crops import Crops
from sadal_core.errors import DataError
from sadal_core.features import FeatureSet
from sadal_core.gallery.candidates import SIDES, candidates
from sadal_core.training.finish import SplitSettings
from tests.planted import TINY, planted_crops

SPLIT = SplitSettings(fraction=0.4, seed=1)


def numbered(crops: Crops, start: int = 0) -> FeatureSet:
    """Features whose mean over the views says which face they are of."""
    numbers = torch.arange(start, start + len(crops.samples)).float()
    views = torch.stack([numbers - 0.5, numbers + 0.5], dim=1)[:, :, None]
    return FeatureSet(views.expand(-1, -1, 3).contiguous(), crops.ages, crops.groups // 2)


def test_all_faces_have_their_own_ids_ages_features_and_pictures() -> None:
    crops = planted_crops(12)
    for split in (None, SPLIT):
        faces = candidates([crops], [numbered(crops)], "all", split)
        assert len(faces) == 12
        assert faces.ids.tolist() == [f"planted/{number:05d}.png" for number in range(12)]
        np.testing.assert_array_equal(faces.ages, crops.ages)
        np.testing.assert_array_equal(faces.units, np.arange(12) // 2)
        np.testing.assert_array_equal(faces.features, np.arange(12)[:, None].repeat(3, 1))
        for face in range(12):
            inner = crops.images[face, 8:120, 8:120]
            np.testing.assert_array_equal(faces.picture(face, TINY.crop), inner)


def test_ages_are_taken_in_whole_years() -> None:
    crops = planted_crops(3)
    ages = (20.4, 20.5, 21.0)
    crops = replace(crops, samples=[
        replace(sample, age=age) for sample, age in zip(crops.samples, ages, strict=True)
    ])  # fmt: skip
    assert candidates([crops], [numbered(crops)], "all", None).ages.tolist() == [20, 21, 21]


def test_folders_are_no_part_of_an_id() -> None:
    crops = planted_crops(2)
    samples = [replace(sample, name=f"a/b/{sample.name}") for sample in crops.samples]
    faces = candidates([replace(crops, samples=samples)], [numbered(crops)], "all", None)
    assert faces.ids.tolist() == ["planted/00000.png", "planted/00001.png"]


@pytest.mark.parametrize("side", ["training", "held-out"])
def test_a_side_has_the_faces_that_the_split_gave_it(side: str) -> None:
    crops = planted_crops(30)
    halves = crops.holdout(fraction=0.4, seed=1)
    mask = halves.train if side == "training" else halves.validation
    expected = np.flatnonzero(mask)
    assert 3 < len(expected) < 27
    faces = candidates([crops], [numbered(crops)], side, SPLIT)
    np.testing.assert_array_equal(faces.features[:, 0], expected)
    assert faces.ids.tolist() == [f"planted/{number:05d}.png" for number in expected]
    np.testing.assert_array_equal(faces.ages, crops.ages[mask])
    for row, face in enumerate(expected.tolist()):
        inner = crops.images[face, 8:120, 8:120]
        np.testing.assert_array_equal(faces.picture(row, TINY.crop), inner)


def test_the_two_sides_share_no_face() -> None:
    crops = planted_crops(30)
    sides = [candidates([crops], [numbered(crops)], side, SPLIT) for side in SIDES]
    every, training, held_out = (set(faces.ids.tolist()) for faces in sides)
    assert training | held_out == every
    assert not training & held_out


@pytest.mark.parametrize("side", SIDES)
def test_data_sets_follow_each_other_and_share_no_unit(side: str) -> None:
    parts = [planted_crops(20, dataset="one"), planted_crops(14, seed=1, dataset="two")]
    features = [numbered(parts[0]), numbered(parts[1], start=100)]
    faces = candidates(parts, features, side, SPLIT)
    units: dict[str, set[int]] = {"one": set(), "two": set()}
    for row, name in enumerate(faces.ids.tolist()):
        dataset, _, file = name.partition("/")
        part, face = ("one", "two").index(dataset), int(file.removesuffix(".png"))
        assert faces.features[row, 0] == 100 * part + face
        assert faces.ages[row] == parts[part].ages[face]
        inner = parts[part].images[face, 8:120, 8:120]
        np.testing.assert_array_equal(faces.picture(row, TINY.crop), inner)
        units[dataset].add(int(faces.units[row]))
    assert units["one"]
    assert units["two"]
    assert not units["one"] & units["two"]


def test_a_data_set_with_nobody_on_a_side_is_passed_over() -> None:
    nobody_fit = planted_crops(20, dataset="unfit", conflicting=np.ones(20, bool))
    other = planted_crops(20, seed=1, dataset="other")
    faces = candidates(
        [nobody_fit, other], [numbered(nobody_fit), numbered(other)], "held-out", SPLIT
    )
    assert len(faces) > 2
    assert all(name.startswith("other/") for name in faces.ids.tolist())
    row = len(faces) - 1
    face = int(faces.features[row, 0])
    inner = other.images[face, 8:120, 8:120]
    np.testing.assert_array_equal(faces.picture(row, TINY.crop), inner)


def test_an_empty_side_is_refused() -> None:
    crops = planted_crops(6, conflicting=np.ones(6, bool))
    with pytest.raises(DataError, match="no faces on the side 'held-out'"):
        candidates([crops], [numbered(crops)], "held-out", SPLIT)
