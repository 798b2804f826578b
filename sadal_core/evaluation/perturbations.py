"""Changes to a picture that leave the age as it is: what a visitor's camera or file might do.

Each function takes an RGB picture and returns a new one; the same picture gives the same result.
Pixels from outside the picture are grey, as in `faces/align.py`.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from jaxtyping import UInt8

from sadal_core.faces.align import OUTSIDE

Picture = UInt8[np.ndarray, "_ _ 3"]  # a result may be of another size
Perturbation = Callable[[Picture], Picture]

_SHIFT = 0.08  # of the width and of the height
_SCALE = 0.75
_ANGLE = 10.0  # degrees
_QUALITY = 30
_BLUR = 0.01  # of the shorter side: standard deviation of the Gaussian
_CROP = 0.08  # of the width and of the height, from each side
_NOISE = 12.0  # grey levels: standard deviation


def shifted(picture: Picture) -> Picture:
    """Moved to the right and down by 8 % of its size."""
    height, width = picture.shape[:2]
    return _warped(picture, np.array([[1, 0, _SHIFT * width], [0, 1, _SHIFT * height]]))


def scaled(picture: Picture) -> Picture:
    """Three quarters as wide and as high."""
    return _resized(picture, _SCALE)


def rotated(picture: Picture) -> Picture:
    """Turned by 10 degrees about its centre."""
    height, width = picture.shape[:2]
    centre = ((width - 1) / 2, (height - 1) / 2)
    return _warped(picture, cv2.getRotationMatrix2D(centre, _ANGLE, 1.0))


def mirrored(picture: Picture) -> Picture:
    """Left and right exchanged."""
    return np.ascontiguousarray(picture[:, ::-1])


def compressed(picture: Picture) -> Picture:
    """Written and read as a JPEG file of quality 30."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def darkened(picture: Picture) -> Picture:
    """Half as bright."""
    return cv2.convertScaleAbs(picture, alpha=0.5)


def brightened(picture: Picture) -> Picture:
    """Half as bright again, cut off at white."""
    return cv2.convertScaleAbs(picture, alpha=1.5)


def blurred(picture: Picture) -> Picture:
    """Blurred by a Gaussian of 1 % of the shorter side."""
    return cv2.GaussianBlur(picture, (0, 0), max(_BLUR * min(picture.shape[:2]), 0.5))


def cropped(picture: Picture) -> Picture:
    """Without 8 % on each side."""
    rows, columns = (int(_CROP * side) for side in picture.shape[:2])
    height, width = picture.shape[:2]
    return picture[rows : height - rows, columns : width - columns].copy()


def low_resolution(picture: Picture) -> Picture:
    """Shrunk to half its size and back."""
    height, width = picture.shape[:2]
    return cv2.resize(_resized(picture, 0.5), (width, height), interpolation=cv2.INTER_LINEAR)


def noisy(picture: Picture) -> Picture:
    """With Gaussian noise of 12 grey levels, always the same."""
    noise = np.random.default_rng(0).normal(0, _NOISE, picture.shape)
    return np.clip(picture + noise, 0, 255).round().astype(np.uint8)


PERTURBATIONS: Final[dict[str, Perturbation]] = {
    "shifted": shifted,
    "scaled": scaled,
    "rotated": rotated,
    "mirrored": mirrored,
    "compressed": compressed,
    "darkened": darkened,
    "brightened": brightened,
    "blurred": blurred,
    "cropped": cropped,
    "low_resolution": low_resolution,
    "noisy": noisy,
}


def _warped(picture: Picture, matrix: np.ndarray) -> Picture:
    height, width = picture.shape[:2]
    return cv2.warpAffine(
        picture, matrix, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=OUTSIDE
    )


def _resized(picture: Picture, factor: float) -> Picture:
    height, width = (max(1, round(factor * side)) for side in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
