"""Dark faces brightened to what a network has seen, and all others left as they are."""

from typing import Final

import cv2
import numpy as np
from jaxtyping import UInt8

from sadal_core.faces.align import OUTSIDE

# One training face of twenty is darker than this, so that ordinary pictures stay untouched.
WHITE: Final = 160  # grey level, 0 to 255
_BRIGHT: Final = 0.99  # quantile of the grey levels of a face: its highlights
_MOST: Final = 8.0  # beyond this factor there is more noise than face


def exposed(
    crop: UInt8[np.ndarray, "height width 3"], white: float = WHITE
) -> UInt8[np.ndarray, "height width 3"]:
    r"""`crop`, brightened where even its highlights are dark.

    .. math:: \min(255, g\,x), \qquad g = \min\bigl(8, \max(1, \mathrm{white} / q_{.99})\bigr)

    with :math:`q_{.99}` the quantile of the grey levels (ITU-R BT.601) inside the picture. One
    factor for all channels keeps hues. What lies outside the picture stays grey.

    Args:
        crop: RGB face.
        white: grey level that highlights reach; 0 leaves every crop as it is.
    """
    grey = np.array(OUTSIDE)
    inside = cv2.bitwise_not(cv2.inRange(crop, grey, grey))
    counts = cv2.calcHist([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)], [0], inside, [256], [0, 256])
    reached = np.cumsum(counts)
    highlights = int(np.searchsorted(reached, _BRIGHT * reached[-1]))
    gain = min(_MOST, white / max(highlights, 1))
    if gain <= 1:
        return crop
    brighter = cv2.convertScaleAbs(crop, alpha=gain)
    return np.where(inside[..., None] > 0, brighter, crop)
