"""Random changes of a stored crop that leave the age as it is."""

import cv2
import numpy as np
from jaxtyping import UInt8

from sadal_core.faces.align import OUTSIDE, CropSpec


def augment(
    crop: UInt8[np.ndarray, "canvas canvas 3"], spec: CropSpec, rng: np.random.Generator
) -> UInt8[np.ndarray, "size size 3"]:
    """A varied view of an aligned face, cut to the size of the backbone.

    Mirror, turn (up to 12 degrees), scale (.88 to 1.12), shift (up to 6 px); brightness,
    contrast, saturation and grey; blur and JPEG compression; and a grey frame of random width,
    because many data sets and many visitors' pictures end close to the face while others do not.
    """
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    if rng.random() < 0.5:
        crop = _framed(crop, spec, rng)
    view = _moved(crop, spec, rng)
    view = _recoloured(view, rng)
    if rng.random() < 0.3:
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
    matrix[:, 2] += rng.uniform(-6, 6, size=2) - spec.margin
    return cv2.warpAffine(
        np.ascontiguousarray(crop),
        matrix,
        (spec.size, spec.size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=OUTSIDE,
    )


def _recoloured(
    view: UInt8[np.ndarray, "size size 3"], rng: np.random.Generator
) -> UInt8[np.ndarray, "size size 3"]:
    grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    saturation = 0.0 if rng.random() < 0.15 else rng.uniform(0.5, 1.5)
    pixels = grey + saturation * (view - grey)
    pixels = (pixels - 128) * rng.uniform(0.7, 1.3) + 128 + rng.uniform(-30, 30)
    pixels *= rng.uniform(0.92, 1.08, size=3).astype(np.float32)  # colour of the light
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _degraded(
    view: UInt8[np.ndarray, "size size 3"], rng: np.random.Generator
) -> UInt8[np.ndarray, "size size 3"]:
    kind = rng.integers(3)
    if kind == 0:
        return cv2.GaussianBlur(view, (0, 0), rng.uniform(0.4, 1.5))
    if kind == 1:
        small = round(view.shape[0] * rng.uniform(0.35, 0.8))
        shrunk = cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA)
        return cv2.resize(shrunk, view.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    options = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))]
    return cv2.imdecode(cv2.imencode(".jpg", view, options)[1], cv2.IMREAD_COLOR)
