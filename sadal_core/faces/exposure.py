"""Dark faces brightened to what a network has seen, and all others left as they are."""

from typing import Final

import cv2
import numpy as np
from jaxtyping import UInt8

from sadal_core.faces.align import OUTSIDE

# One of twenty training faces is darker than this, so that ordinary pictures stay untouched.
WHITE: Final = 160  # grey level, 0 to 255
_EDGE: Final = np.ones((5, 5), np.uint8)  # px: how far a border blends into the face
_BRIGHT: Final = 0.99  # quantile of the grey levels of a face: its highlights
_MOST: Final = 8.0  # beyond this factor there is more noise than face


def exposed(
    crop: UInt8[np.ndarray, "height width 3"], white: float = WHITE
) -> UInt8[np.ndarray, "height width 3"]:
    r"""`crop`, brightened where even its highlights are dark.

    .. math:: \min(255, g\,x), \qquad g = \min\bigl(8, \max(1, \mathrm{white} / q_{.99})\bigr)

    with :math:`q_{.99}` the `highlights`. One factor for all channels keeps hues. What lies outside
    the picture stays grey.

    Args:
        crop: RGB face.
        white: grey level that highlights reach; 0 leaves every crop as it is.
    """
    gain = min(_MOST, white / max(highlights(crop), 1))
    if gain <= 1:
        return crop
    return np.where(_inside(crop)[..., None] > 0, cv2.convertScaleAbs(crop, alpha=gain), crop)


def highlights(crop: UInt8[np.ndarray, "height width 3"]) -> int:
    """The 99 % quantile of the grey levels of `crop` well inside the picture; 0 for none.

    Along the border the grey of outside is blended in, which is brighter than a dark face.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    counts = np.cumsum(cv2.calcHist([grey], [0], cv2.erode(_inside(crop), _EDGE), [256], [0, 256]))
    return int(np.searchsorted(counts, _BRIGHT * counts[-1]))


def _inside(crop: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "height width"]:
    """255 inside the picture, 0 outside."""
    outside = np.array(OUTSIDE)
    return cv2.bitwise_not(cv2.inRange(crop, outside, outside))
