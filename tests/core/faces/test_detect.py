from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from sadal_core.faces.detect import Face, MediaPipeFaces
from tests.pictures import crowd


def assert_plausible(face: Face) -> None:
    left_eye, right_eye, nose, mouth_left, mouth_right = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(mouth_left[1], mouth_right[1])
    assert mouth_left[0] < mouth_right[0]
    assert (face.landmarks >= face.box[:2]).all()
    assert (face.landmarks <= face.box[2:]).all()
    assert 0 < face.score <= 1


def test_the_astronaut_has_one_face_where_it_is(
    detector: MediaPipeFaces, astronaut: np.ndarray
) -> None:
    (face,) = detector(astronaut)
    assert_plausible(face)
    # Read off the photograph by eye, in px.
    by_eye = [(204, 102), (247, 104), (223, 128), (204, 140), (244, 142)]
    np.testing.assert_allclose(face.landmarks, by_eye, atol=5)
    assert 80 < face.box[2] - face.box[0] < 130


@pytest.mark.parametrize("scale", [0.25, 3.0])
def test_landmarks_scale_with_the_picture(
    scale: float, detector: MediaPipeFaces, astronaut: np.ndarray
) -> None:
    (reference,) = detector(astronaut)
    resized = cv2.resize(astronaut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (face,) = detector(resized)
    np.testing.assert_allclose(face.landmarks / scale, reference.landmarks, atol=4)


@pytest.mark.slow
def test_thirty_faces_are_found_none_twice(detector: MediaPipeFaces, astronaut: np.ndarray) -> None:
    faces = detector(crowd(astronaut, 5, 6, (960, 1280)))
    assert len(faces) == 30
    for face in faces:
        assert_plausible(face)
    cells = {
        tuple((face.landmarks.mean(axis=0) // (1280 // 6, 960 // 5)).astype(int)) for face in faces
    }
    assert len(cells) == 30


def test_faces_come_largest_first(detector: MediaPipeFaces, astronaut: np.ndarray) -> None:
    picture = np.full((600, 900, 3), 128, np.uint8)
    for side, left in ((240, 20), (480, 380)):
        head = cv2.resize(astronaut[0:240, 110:350], (side, side))
        picture[60 : 60 + side, left : left + side] = head
    faces = detector(picture)
    assert len(faces) == 2
    assert faces[0].area > 2 * faces[1].area
    assert faces[0].landmarks[0, 0] > 380 > faces[1].landmarks[0, 0]


def test_a_crop_that_the_face_fills_is_found(
    detector: MediaPipeFaces, astronaut: np.ndarray
) -> None:
    (reference,) = detector(astronaut)
    left, top, right, bottom = np.round(reference.box).astype(int)
    (face,) = detector(astronaut[top:bottom, left:right])
    np.testing.assert_allclose(face.landmarks + (left, top), reference.landmarks, atol=5)


@pytest.mark.parametrize("shape", [(240, 320), (1, 1), (2, 700), (20, 4000), (4000, 20)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_empty_picture_of_any_shape_has_no_face(
    shape: tuple[int, int], grey: int, detector: MediaPipeFaces
) -> None:
    assert detector(np.full((*shape, 3), grey, np.uint8)) == ()


def test_a_view_into_a_larger_array_is_read_correctly(
    detector: MediaPipeFaces, astronaut: np.ndarray
) -> None:
    (reference,) = detector(astronaut[:300, 50:400].copy())
    (face,) = detector(astronaut[:300, 50:400])
    np.testing.assert_array_equal(face.landmarks, reference.landmarks)


def test_threads_that_share_a_detector_get_the_same_faces(
    detector: MediaPipeFaces, astronaut: np.ndarray
) -> None:
    pictures = [astronaut, astronaut[:, ::-1].copy()] * 4
    alone = [detector(picture) for picture in pictures[:2]]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(detector, pictures))
    for number, faces in enumerate(together):
        assert len(faces) == 1
        np.testing.assert_array_equal(faces[0].landmarks, alone[number % 2][0].landmarks)
