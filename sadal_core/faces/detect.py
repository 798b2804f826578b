"""Faces in a picture, with five landmarks each. The only module that knows MediaPipe.

Three passes, each for what the others miss: the short-range detector finds faces that fill
the frame, the full-range detector those further away, and overlapping tiles those in a large
group. Every find is confirmed and measured by Face Mesh on its own neighbourhood, so that the
landmarks do not depend on which pass found the face.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import Any, NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

# MediaPipe warns about protobuf on stderr while it is imported; nothing there is for the user.
with redirect_stderr(StringIO()):
    from mediapipe.python.solutions import face_detection, face_mesh

_LEFT_EYE, _RIGHT_EYE = (33, 133, 159, 145), (362, 263, 386, 374)
_NOSE_TIP, _MOUTH_LEFT, _MOUTH_RIGHT = (1,), (61,), (291,)
_FIVE = (_LEFT_EYE, _RIGHT_EYE, _NOSE_TIP, _MOUTH_LEFT, _MOUTH_RIGHT)

_DETECTION_SIDE = 1280  # px; larger pictures are shrunk for finding, not for landmarks
_MESH_SIDE = 384  # px; Face Mesh works at 192 px inside
_LARGE_FACE = 0.2  # of the shorter side: with such a face in view no tiles are searched
_TILE = 2 * _LARGE_FACE  # of width and height
_SAME_FACE = 0.4  # intersection over union, or over the smaller box


class _Find(NamedTuple):
    """What a detector reports: box (left, top, right, bottom) in px and its score in 0..1."""

    box: Float[np.ndarray, "4"]
    score: float


@dataclass(frozen=True)
class Face:
    """One face: box (left, top, right, bottom) and five landmarks in px, detector score in 0..1.

    The box encloses the Face Mesh, from hairline to chin.
    """

    box: Float[np.ndarray, "4"]
    landmarks: Float[np.ndarray, "5 2"]
    score: float

    @property
    def area(self) -> float:
        """Area of the box in px^2."""
        return float((self.box[2] - self.box[0]) * (self.box[3] - self.box[1]))


class MediaPipeFaces:
    """Callable face detector; safe to call from several threads, which then take turns."""

    def __init__(self, *, min_score: float = 0.5) -> None:
        options: dict[str, Any] = {"min_detection_confidence": min_score}
        self._short = face_detection.FaceDetection(model_selection=0, **options)
        self._full = face_detection.FaceDetection(model_selection=1, **options)
        self._mesh: Any = face_mesh.FaceMesh(
            static_image_mode=True, max_num_faces=1, min_detection_confidence=0.3
        )
        self._second_core = ThreadPoolExecutor(1, thread_name_prefix="full-range-faces")
        self._lock = threading.Lock()

    def __call__(self, image: UInt8[np.ndarray, "height width 3"]) -> tuple[Face, ...]:
        """Faces in `image`, largest first; empty when there is none."""
        with self._lock:
            faces = self._in_whole(image)
            if not any(_height(face) > _LARGE_FACE * min(image.shape[:2]) for face in faces):
                self._in_tiles(image, faces)
            if not faces:  # a crop so tight that the detector sees no head: give it surroundings
                pad = max(image.shape[:2]) // 3
                padded = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
                faces = [_shifted(face, -pad) for face in self._in_whole(padded)]
        return tuple(sorted(faces, key=lambda face: face.area, reverse=True))

    def _in_whole(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Face]:
        view, ratio = _shrunk(image, _DETECTION_SIDE)
        # MediaPipe runs on one core and lets go of the GIL: the two detectors share two cores.
        full_range = self._second_core.submit(_finds, self._full, view, ratio)
        faces: list[Face] = []
        self._confirm(image, _finds(self._short, view, ratio), faces)
        self._confirm(image, full_range.result(), faces)
        return faces

    def _in_tiles(self, image: UInt8[np.ndarray, "height width 3"], faces: list[Face]) -> None:
        view, ratio = _shrunk(image, _DETECTION_SIDE)
        for tile, offset in _tiles(view):
            self._confirm(image, _finds(self._full, tile, ratio, offset), faces)

    def _confirm(
        self,
        image: UInt8[np.ndarray, "height width 3"],
        finds: list[_Find],
        faces: list[Face],
    ) -> None:
        """Append to `faces` those of `finds` that are new and hold a face."""
        for find in finds:
            if any(_overlap(find.box, face.box) > _SAME_FACE for face in faces):
                continue
            face = self._measure(image, find)
            if face and not any(_overlap(face.box, other.box) > _SAME_FACE for other in faces):
                faces.append(face)

    def _measure(self, image: UInt8[np.ndarray, "height width 3"], find: _Find) -> Face | None:
        box = find.box
        middle, side = (box[:2] + box[2:]) / 2, float(np.max(box[2:] - box[:2]))
        half = max(8, round(side))  # the face takes half of the square
        left, top = np.round(middle - half).astype(int)
        square = _square(image, int(left), int(top), 2 * half)
        view, ratio = _shrunk(square, _MESH_SIDE)
        found = self._mesh.process(view).multi_face_landmarks
        if not found:
            return None
        points = np.array([(p.x, p.y) for p in found[0].landmark[:468]])
        points = points * np.array(view.shape[1::-1]) / ratio + (left, top)
        landmarks = np.stack([points[list(group)].mean(axis=0) for group in _FIVE])
        confirmed = np.concatenate([points.min(axis=0), points.max(axis=0)])
        return Face(confirmed, landmarks, find.score)


def _finds(
    detector: Any,
    view: UInt8[np.ndarray, "height width 3"],
    ratio: float,
    offset: tuple[int, int] = (0, 0),
) -> list[_Find]:
    """Finds in `view`, in px of the picture that was shrunk by `ratio` and cut at `offset`."""
    scale = np.array(view.shape[1::-1])
    finds = []
    for detection in detector.process(np.ascontiguousarray(view)).detections or []:
        relative = detection.location_data.relative_bounding_box
        corner = np.array([relative.xmin, relative.ymin])
        corners = np.stack([corner, corner + (relative.width, relative.height)])  # 2x2
        box = ((corners * scale + offset) / ratio).ravel()
        finds.append(_Find(box, float(detection.score[0])))
    return finds


def _tiles(
    image: UInt8[np.ndarray, "height width 3"],
) -> Iterator[tuple[UInt8[np.ndarray, "h w 3"], tuple[int, int]]]:
    """4 x 4 tiles that overlap by half, with their (left, top) in px.

    A face below `_LARGE_FACE` of the shorter side lies whole in one of them.
    """
    height, width = round(_TILE * image.shape[0]), round(_TILE * image.shape[1])
    if min(height, width) < 64:
        return
    for top in np.linspace(0, image.shape[0] - height, 4).astype(int):
        for left in np.linspace(0, image.shape[1] - width, 4).astype(int):
            yield image[top : top + height, left : left + width], (int(left), int(top))


def _shrunk(
    image: UInt8[np.ndarray, "height width 3"], side: int
) -> tuple[UInt8[np.ndarray, "h w 3"], float]:
    ratio = min(1.0, side / max(image.shape[:2]))
    if ratio == 1.0:
        return image, ratio
    size = (max(1, round(image.shape[1] * ratio)), max(1, round(image.shape[0] * ratio)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), ratio


def _square(
    image: UInt8[np.ndarray, "height width 3"], left: int, top: int, side: int
) -> UInt8[np.ndarray, "side side 3"]:
    """A square of `image`, its edge pixels repeated where the square reaches past it."""
    height, width = image.shape[:2]
    rows = np.clip(np.arange(top, top + side), 0, height - 1)
    columns = np.clip(np.arange(left, left + side), 0, width - 1)
    return image[rows[:, None], columns]


def _overlap(a: Float[np.ndarray, "4"], b: Float[np.ndarray, "4"]) -> float:
    """Intersection over the smaller box: also catches a face found inside a larger find."""
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min(np.prod(a[2:] - a[:2]), np.prod(b[2:] - b[:2]))
    return float(width * height / max(smaller, 1e-9))


def _height(face: Face) -> float:
    return float(face.box[3] - face.box[1])


def _shifted(face: Face, offset: float) -> Face:
    return Face(face.box + offset, face.landmarks + offset, face.score)
