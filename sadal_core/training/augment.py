"""Random changes of a stored crop that leave the age as it is."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8

from sadal_core.faces.align import OUTSIDE, CropSpec


class Changes(NamedTuple):
    """How far light and sharpness are varied.

    Attributes:
        exposure: the light is multiplied by up to 2 to the power of this, or divided; what becomes
            brighter than white is cut off.
        degraded: share of the views that are blurred, grainy, small or compressed.
    """

    exposure: float = 0.0
    degraded: float = 0.4


USUAL: Final = Changes()
_SHIFT = 0.054  # of the crop's side
_LUMA = ((0.299, 0.587, 0.114),) * 3  # grey of a colour (ITU-R BT.601)


def augment(
    crop: UInt8[np.ndarray, "canvas canvas 3"],
    spec: CropSpec,
    rng: np.random.Generator,
    changes: Changes = USUAL,
) -> UInt8[np.ndarray, "size size 3"]:
    """A varied view of an aligned face, cut to the size of the backbone.

    Mirror, turn (up to 12 degrees), scale (.88 to 1.12), shift (up to 5 %); brightness,
    contrast, saturation, grey and the colour of the light; blur, grain, low resolution and JPEG
    compression; and a grey frame of random width,
    because many data sets and many visitors' pictures end close to the face while others do not.
    """
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    if rng.random() < 0.5:
        crop = _framed(crop, spec, rng)
    view = _moved(crop, spec, rng)
    view = _recoloured(view, rng, changes.exposure)
    if rng.random() < changes.degraded:
        view = _degraded(view, rng)
    return view


def _framed(
    crop: UInt8[np.ndarray, "canvas canvas 3"], spec: CropSpec, rng: np.random.Generator
) -> UInt8[np.ndarray, "canvas canvas 3"]:
    """Grey out what a tight picture would not show: the landmarks always stay inside."""
    template = spec.template / spec.canvas
    eyes, mouth = template[:2, 1].min(), template[3:, 1].max()
    left, right = template[:, 0].min(), template[:, 0].max()
    reach = rng.uniform(0.35, 1.0, size=4)  # share of the way from landmark to border that is kept
    top = round(spec.canvas * eyes * (1 - reach[0]))
    bottom = round(spec.canvas * (mouth + (1 - mouth) * reach[1]))
    start = round(spec.canvas * left * (1 - reach[2]))
    end = round(spec.canvas * (right + (1 - right) * reach[3]))
    framed = np.empty_like(crop)
    framed[:] = OUTSIDE
    framed[top:bottom, start:end] = crop[top:bottom, start:end]
    return framed


def _moved(
    crop: UInt8[np.ndarray, "canvas canvas 3"], spec: CropSpec, rng: np.random.Generator
) -> UInt8[np.ndarray, "size size 3"]:
    angle, scale = rng.uniform(-12, 12), rng.uniform(0.88, 1.12)
    middle = (spec.canvas - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), angle, scale)
    matrix[:, 2] += _SHIFT * spec.size * rng.uniform(-1, 1, size=2) - spec.margin
    return cv2.warpAffine(
        np.ascontiguousarray(crop),
        matrix,
        (spec.size, spec.size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=OUTSIDE,
    )


def _recoloured(
    view: UInt8[np.ndarray, "size size 3"], rng: np.random.Generator, exposure: float
) -> UInt8[np.ndarray, "size size 3"]:
    """One affine map of colours: grey to vivid, contrast, brightness, colour of the light."""
    saturation = 0.0 if rng.random() < 0.15 else rng.uniform(0.5, 1.5)
    mix = saturation * np.eye(3) + (1 - saturation) * np.array(_LUMA)  # (3, 3), each row sums to 1
    contrast, brightness = rng.uniform(0.6, 1.3), rng.uniform(-35, 30)
    light = rng.uniform(0.88, 1.12, size=(3, 1))
    offset = np.full((3, 1), 128 * (1 - contrast) + brightness)
    matrix = light * np.hstack([contrast * mix, offset])
    if exposure > 0:  # without it, views are those of earlier runs
        matrix *= 2 ** rng.uniform(-exposure, exposure)
    return cv2.transform(view, matrix.astype(np.float32))


def _degraded(
    view: UInt8[np.ndarray, "size size 3"], rng: np.random.Generator
) -> UInt8[np.ndarray, "size size 3"]:
    """Blur, low resolution, grain or JPEG: old prints, cheap cameras, small faces."""
    kind, side = rng.integers(4), view.shape[0]
    if kind == 0:
        return cv2.GaussianBlur(view, (0, 0), rng.uniform(0.004, 0.015) * side)
    if kind == 1:
        small = round(side * rng.uniform(0.3, 0.8))
        shrunk = cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA)
        return cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR)
    if kind == 2:
        reach = int(rng.integers(4, 24))
        grain = rng.integers(-reach, reach + 1, (side, side, 1), dtype=np.int16)
        return np.clip(view + grain, 0, 255).astype(np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))]
    return cv2.imdecode(cv2.imencode(".jpg", view, options)[1], cv2.IMREAD_COLOR)
