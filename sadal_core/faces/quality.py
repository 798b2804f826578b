"""Reasons to doubt an estimate that can be seen in the picture itself."""

from typing import Final, Literal

import cv2
import numpy as np
from jaxtyping import UInt8

from sadal_core.faces.align import CropSpec, outside_share
from sadal_core.faces.detect import Face
from sadal_core.faces.exposure import WHITE, exposed, highlights

QualityWarning = Literal["small", "dark", "blurred", "turned", "cut"]

SMALL_EYE_DISTANCE: Final = 20.0  # px; the backbone's crop shows 35 px between the eyes
DARK_HIGHLIGHTS: Final = WHITE / 2  # grey level; such a face is brightened more than twofold
BLUR_VARIANCE: Final = 25.0  # grey levels squared, of the Laplacian of the aligned crop
TURN_RATIO: Final = 0.45  # offset of the nose between the eyes, 0 frontal, 1 above one eye
CUT_SHARE: Final = 0.15  # of the backbone's crop outside the picture


def quality_warnings(
    shape: tuple[int, ...], face: Face, crop: UInt8[np.ndarray, "side side 3"], spec: CropSpec
) -> tuple[QualityWarning, ...]:
    """What makes the estimate of `face` less certain than the measured error says.

    Args:
        shape: height and width of the picture in px.
        face: where the face lies in it.
        crop: its aligned crop.
        spec: geometry of the crop.
    """
    left, right, nose = face.landmarks[:3]
    across = right - left
    distance = float(np.linalg.norm(across))
    middle = (left + right) / 2
    turn = abs(float((nose - middle) @ across)) / max(distance**2 / 2, 1e-9)
    lit = cv2.cvtColor(exposed(crop), cv2.COLOR_RGB2GRAY)  # in the dark every edge is faint
    sharpness = cv2.Laplacian(lit, cv2.CV_64F).var()
    checks: tuple[tuple[QualityWarning, bool], ...] = (
        ("small", distance < SMALL_EYE_DISTANCE),
        ("dark", highlights(crop) < DARK_HIGHLIGHTS),
        ("blurred", sharpness < BLUR_VARIANCE),
        ("turned", turn > TURN_RATIO),
        ("cut", outside_share(shape, face.landmarks, spec) > CUT_SHARE),
    )
    return tuple(name for name, true in checks if true)
