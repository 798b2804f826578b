"""Five landmarks to an aligned crop, by one similarity transform."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from skimage.transform import SimilarityTransform

# Left eye, right eye, nose tip, left and right mouth corner (left as seen in the picture) in a
# 112 px face. Deng et al., "ArcFace", CVPR 2019, as released with its code.
ARCFACE_112 = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)

OUTSIDE = (124, 116, 104)  # the mean colour that preprocessing subtracts: zero to the network


@dataclass(frozen=True)
class CropSpec:
    """Geometry of an aligned crop.

    The crop is `size` px square as the backbone sees it; it is stored with `margin` px more on
    each side, so that training can shift, scale and turn it without inventing pixels.
    """

    size: int = 112
    margin: int = 8

    @property
    def canvas(self) -> int:
        """Side of the stored crop in px."""
        return self.size + 2 * self.margin

    @property
    def template(self) -> Float[np.ndarray, "5 2"]:
        """Where the five landmarks go on the canvas, in px."""
        return np.asarray(ARCFACE_112) * (self.size / 112) + self.margin


def align(
    image: UInt8[np.ndarray, "height width 3"], landmarks: Float[np.ndarray, "5 2"], spec: CropSpec
) -> UInt8[np.ndarray, "canvas canvas 3"]:
    """Crop of `image` in which `landmarks` lie as near as possible to the spec's template.

    The least-squares similarity transform (Umeyama 1991) turns, scales and shifts the face.
    Where the crop reaches past the picture it is grey: repeated or mirrored edges would show
    the network hair, or a second pair of eyes, where nothing is known.

    Args:
        image: RGB picture.
        landmarks: five points in px, in the order of `ARCFACE_112`.
        spec: geometry of the crop.
    """
    scale = _similarity(landmarks, spec)[0]
    if scale < 0.5:  # bilinear sampling would skip pixels: shrink by area first
        shrink = 2 * scale
        size = (max(1, round(image.shape[1] * shrink)), max(1, round(image.shape[0] * shrink)))
        ratio = np.array([size[0] / image.shape[1], size[1] / image.shape[0]])
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        landmarks = (landmarks + 0.5) * ratio - 0.5
    matrix = _similarity(landmarks, spec)[1]
    return cv2.warpAffine(
        image,
        matrix,
        (spec.canvas, spec.canvas),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=OUTSIDE,
    )


def centre(
    crops: UInt8[np.ndarray, "*batch canvas canvas 3"], spec: CropSpec
) -> UInt8[np.ndarray, "*batch size size 3"]:
    """The part of stored crops that the backbone sees."""
    inner = slice(spec.margin, spec.margin + spec.size)
    return crops[..., inner, inner, :]


def outside_share(
    shape: tuple[int, ...], landmarks: Float[np.ndarray, "5 2"], spec: CropSpec
) -> float:
    """Share (0 to 1) of the backbone's crop that lies outside a picture of `shape` (h, w)."""
    matrix = _similarity(landmarks, spec)[1]
    inverse = cv2.invertAffineTransform(matrix)
    line = spec.margin + (np.arange(16) + 0.5) * spec.size / 16
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    x, y = (points @ inverse[:, :2].T + inverse[:, 2]).T
    inside = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
    return float(1 - inside.mean())


def _similarity(
    landmarks: Float[np.ndarray, "5 2"], spec: CropSpec
) -> tuple[float, Float[np.ndarray, "2 3"]]:
    transform = SimilarityTransform.from_estimate(landmarks, spec.template)
    if not transform:  # coincident points: no scale can be read off them
        return 1.0, np.array([[1.0, 0, 0], [0, 1.0, 0]])
    return float(transform.scale), np.asarray(transform.params[:2])
