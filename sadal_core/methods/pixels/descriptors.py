"""Descriptions of the picture itself, made without any age: what the classic methods read.

Letters: N faces, D columns.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Final

import cv2
import numpy as np
import torch
from jaxtyping import Float

from sadal_core.errors import DataError
from sadal_core.faces.align import CropSpec, centre

SIDE: Final = 60  # px of the grey picture whose pixels and BIF are read
_SPEC = CropSpec()
_BANDS, _ROTATIONS = 8, 4  # of the BIF: 4,396 values in 4 ms, where 12 take 13,188 and 33 ms
_SCATTERING_SIDE, _SCALES, _ANGLES = 64, 3, 4  # 61 paths of 8 x 8: 3,904 values in 4 ms
_BATCH = 64

Progress = Callable[[int, int], object]


def pixels(
    crops: np.ndarray, progress: Progress = lambda done, total: None
) -> Float[np.ndarray, "faces columns"]:
    """Grey values, 0 to 255, of each face at 60 x 60 px, row after row.

    Args:
        crops: uint8 (N, 128, 128, 3), aligned RGB faces with the margin of `CropSpec`.
        progress: told the faces done and the faces in all.

    Raises:
        DataError: no faces, or of another size or type.
    """
    grey = (batch.reshape(len(batch), -1) for batch in _grey(crops, SIDE, progress))
    return np.concatenate(list(grey)).astype(np.float32)


def bif(
    crops: np.ndarray, progress: Progress = lambda done, total: None
) -> Float[np.ndarray, "faces columns"]:
    """Bio-inspired features: Gabor responses, pooled over two scales and by their deviation.

    They are rounded to 16 bits, so that stored ones are these ones.

    Departs: 4 rotations; OpenCV's default of 12 takes nine times as long.

    Args:
        crops: as of `pixels`.
        progress: as of `pixels`.

    Raises:
        DataError: see `pixels`.

    Reference: Guo, Mu, Fu and Huang, "Human Age Estimation Using Bio-inspired Features", CVPR
    2009; computed by OpenCV.
    """
    bank = cv2.face.BIF.create(_BANDS, _ROTATIONS)
    batches = _grey(crops, SIDE, progress)
    floats = (grey.astype(np.float32) for batch in batches for grey in batch)
    return _rounded(np.stack([bank.compute(grey).ravel() for grey in floats]))


def scattering(
    crops: np.ndarray, progress: Progress = lambda done, total: None
) -> Float[np.ndarray, "faces columns"]:
    r"""Scattering coefficients of orders 0 to 2 of each face at 64 x 64 px.

    .. math:: x * \phi, \quad |x * \psi_a| * \phi, \quad ||x * \psi_a| * \psi_b| * \phi

    They are rounded to 16 bits, so that stored ones are these ones.

    Departs: 4 directions, where the filters are made for 8: those take eight times as long.

    Args:
        crops: as of `pixels`.
        progress: as of `pixels`.

    Raises:
        DataError: see `pixels`.

    Reference: Bruna and Mallat, "Invariant Scattering Convolution Networks", TPAMI 2013; computed
    by Kymatio (Andreux et al., "Kymatio: Scattering Transforms in Python", JMLR 2020).
    """
    transform = _transform()
    described = []
    with torch.inference_mode():
        for grey in _grey(crops, _SCATTERING_SIDE, progress):
            unit = torch.from_numpy(grey.astype(np.float32) / 255)
            described.append(transform(unit).flatten(1).numpy())
    return _rounded(np.concatenate(described))


DESCRIPTORS: Final[dict[str, Callable[..., np.ndarray]]] = {
    "bif": bif,
    "scattering": scattering,
    "pixels": pixels,
}


@functools.cache
def _transform() -> torch.nn.Module:
    """The scattering transform, whose filters take a second to make."""
    # Kymatio's own entry would import its 3-D part, which asks SciPy for what is gone from it.
    from kymatio.scattering2d.frontend.torch_frontend import ScatteringTorch2D

    shape = _SCATTERING_SIDE, _SCATTERING_SIDE
    return ScatteringTorch2D(J=_SCALES, shape=shape, L=_ANGLES)


def _grey(crops: np.ndarray, side: int, progress: Progress) -> Iterator[np.ndarray]:
    """Batches of grey pictures, uint8 (batch, side, side), of what the backbone sees."""
    canvas = _SPEC.canvas
    if crops.dtype != np.uint8 or crops.shape[1:] != (canvas, canvas, 3) or not len(crops):
        raise DataError(
            f"Crops have to be uint8 of shape (N, {canvas}, {canvas}, 3) with N at least 1; these "
            f"are {crops.dtype} of shape {crops.shape}. Cut them with faces.align.align."
        )
    for start in range(0, len(crops), _BATCH):
        faces = centre(crops[start : start + _BATCH], _SPEC)
        yield np.stack([_shrunk(face, side) for face in faces])
        progress(min(start + _BATCH, len(crops)), len(crops))


def _shrunk(face: np.ndarray, side: int) -> np.ndarray:
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)


def _rounded(described: np.ndarray) -> np.ndarray:
    return described.astype(np.float16).astype(np.float32)
