import cv2
import numpy as np
import pytest

from sadal_core.data.duplicates import NEAR, conflicting, duplicate_groups, perceptual_hash
from sadal_core.faces.align import CropSpec, align
from sadal_core.faces.detect import MediaPipeFaces
from sadal_core.faces.image import decode
from tests.pictures import encoded

SPEC = CropSpec()


@pytest.fixture(scope="module")
def face_crop(detector: MediaPipeFaces, astronaut: np.ndarray) -> np.ndarray:
    return align(astronaut, detector(astronaut)[0].landmarks, SPEC)


def smooth_picture(rng: np.random.Generator) -> np.ndarray:
    """Another picture with a photograph's spectrum: noise at several scales."""
    layers = [
        cv2.resize(
            rng.normal(size=(side, side, 3)), (SPEC.canvas,) * 2, interpolation=cv2.INTER_CUBIC
        )
        for side in (3, 6, 12, 24)
    ]
    total = sum(layers)
    return np.clip(128 + 40 * total, 0, 255).astype(np.uint8)


def copies(crop: np.ndarray) -> dict[str, np.ndarray]:
    """Changes under which a picture stays the same photograph."""
    small = cv2.resize(crop, (72, 72), interpolation=cv2.INTER_AREA)
    shift = np.array([[1.0, 0, 1], [0, 1.0, -1]])
    return {
        "recompressed": decode(encoded(crop, "JPEG", quality=30)),
        "resized": cv2.resize(small, crop.shape[:2], interpolation=cv2.INTER_LINEAR),
        "brighter": np.clip(crop.astype(float) * 1.15 + 8, 0, 255).astype(np.uint8),
        "grey": np.repeat(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),
        "shifted": cv2.warpAffine(crop, shift, crop.shape[:2], borderMode=cv2.BORDER_REPLICATE),
    }


def distance(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.unpackbits(perceptual_hash(a) ^ perceptual_hash(b)).sum())


def test_copies_of_a_face_join_its_group_and_other_pictures_do_not(
    face_crop: np.ndarray, rng: np.random.Generator
) -> None:
    others = [smooth_picture(rng) for _ in range(20)]
    pictures = [others[0], face_crop, *copies(face_crop).values(), *others[1:]]
    groups = duplicate_groups(np.stack([perceptual_hash(picture) for picture in pictures]))
    same = groups[1:7]
    assert (same == same[0]).all()
    rest = np.concatenate([groups[:1], groups[7:]])
    assert len(set(rest)) == 20
    assert same[0] not in rest


@pytest.mark.parametrize("change", ["recompressed", "resized", "brighter", "grey", "shifted"])
def test_each_copy_is_well_within_the_threshold(change: str, face_crop: np.ndarray) -> None:
    assert distance(face_crop, copies(face_crop)[change]) <= NEAR * 3 // 4


def test_the_mirrored_face_is_another_picture_to_the_hash(face_crop: np.ndarray) -> None:
    assert distance(face_crop, face_crop[:, ::-1]) > NEAR


def _slow_groups(hashes: np.ndarray, near: int) -> list[set[int]]:
    """Groups by repeated merging over listed pairs."""
    bits = np.unpackbits(hashes, axis=1)
    groups = [{i} for i in range(len(hashes))]
    for i in range(len(hashes)):
        for j in range(i):
            if (bits[i] != bits[j]).sum() <= near:
                one = next(g for g in groups if i in g)
                two = next(g for g in groups if j in g)
                if one is not two:
                    groups.remove(two)
                    one |= two
    return groups


def test_groups_are_the_transitive_closure_of_near_pairs(rng: np.random.Generator) -> None:
    hashes = rng.integers(0, 256, (6, 32), dtype=np.uint8)
    walk = [hashes[0]]
    for step in range(12):  # neighbours differ in 8 bits, the ends of the walk in 96
        following = walk[-1].copy()
        following[step] ^= 0xFF
        walk.append(following)
    all_hashes = rng.permutation(np.concatenate([hashes[1:], walk]))
    expected = _slow_groups(all_hashes, near=10)
    assert sorted(map(len, expected)) == [1, 1, 1, 1, 1, 13]
    numbers = duplicate_groups(all_hashes, near=10)
    found = [set(np.flatnonzero(numbers == number).tolist()) for number in np.unique(numbers)]
    assert sorted(map(sorted, found)) == sorted(map(sorted, expected))


def test_the_threshold_itself_still_joins() -> None:
    one, two = np.zeros((2, 32), np.uint8)
    two[: NEAR // 8] = 0xFF
    assert NEAR % 8 == 0
    assert len(set(duplicate_groups(np.stack([one, two])))) == 1
    two[31] = 1
    assert len(set(duplicate_groups(np.stack([one, two])))) == 2


def test_no_pictures_have_no_groups() -> None:
    assert len(duplicate_groups(np.empty((0, 32), np.uint8))) == 0
    assert len(conflicting(np.empty(0, np.int64), np.empty(0), tolerance=3)) == 0


def test_groups_conflict_when_their_ages_differ_by_more_than_the_tolerance() -> None:
    groups = np.array([0, 1, 0, 2, 2, 2, 3])
    ages = np.array([20.0, 5, 23, 40, 41, 43.5, 99])
    expected = [False, False, False, True, True, True, False]
    assert conflicting(groups, ages, tolerance=3).tolist() == expected
