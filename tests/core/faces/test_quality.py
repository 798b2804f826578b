import cv2
import numpy as np
import pytest

from sadal_core.faces.align import CropSpec, align, centre
from sadal_core.faces.detect import Face
from sadal_core.faces.quality import QualityWarning, quality_warnings

SPEC = CropSpec()


def warnings_for(picture: np.ndarray, landmarks: np.ndarray) -> tuple[QualityWarning, ...]:
    box = np.concatenate([landmarks.min(axis=0), landmarks.max(axis=0)])
    crop = centre(align(picture, landmarks, SPEC), SPEC)
    return quality_warnings(picture.shape, Face(box, landmarks, 1.0), crop, SPEC)


@pytest.fixture
def sharp(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)


FRONTAL = SPEC.template + 80


def test_a_sharp_large_frontal_face_gives_no_warning(sharp: np.ndarray) -> None:
    assert warnings_for(sharp, FRONTAL) == ()


def test_each_fault_gives_its_own_warning_alone(sharp: np.ndarray) -> None:
    middle = FRONTAL.mean(axis=0)
    assert warnings_for(sharp, (FRONTAL - middle) * 0.5 + middle) == ("small",)
    assert warnings_for(cv2.GaussianBlur(sharp, (0, 0), 8), FRONTAL) == ("blurred",)
    assert warnings_for(sharp // 4, FRONTAL) == ("dark",)
    turned = FRONTAL.copy()
    turned[2, 0] += 14  # px: the nose moves towards one eye; the eyes are 35 px apart
    assert warnings_for(sharp, turned) == ("turned",)
    assert warnings_for(sharp, SPEC.template - (60, 0)) == ("cut",)


def test_a_dim_face_is_not_taken_for_a_blurred_one() -> None:
    soft = np.full((300, 300, 3), 60, np.uint8)
    soft[::4] = 66  # faint edges at a third of the light, clear ones in the light
    assert warnings_for(soft, FRONTAL) == ("dark",)
    assert "blurred" in warnings_for(np.full((300, 300, 3), 60, np.uint8), FRONTAL)


def test_the_turn_does_not_depend_on_how_the_head_is_tilted(sharp: np.ndarray) -> None:
    angle = np.deg2rad(30)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert warnings_for(sharp, (FRONTAL - 150) @ rotation.T + 150) == ()


def test_coincident_landmarks_do_not_fail(sharp: np.ndarray) -> None:
    assert "small" in warnings_for(sharp, np.full((5, 2), 100.0))
