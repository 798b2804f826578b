"""File bytes to an upright RGB picture. Nothing here knows about faces."""

import io
import warnings
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from sadal_core.errors import UnreadableImageError

MAX_BYTES = 40 * 1024 * 1024
MAX_PIXELS = 40_000_000
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
# Only formats that Pillow decodes itself: no external program, no document formats. Phones'
# multi-picture files (MPO) are opened as JPEG.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")


def decode(data: bytes, *, name: str = "This file") -> UInt8[np.ndarray, "height width 3"]:
    """Picture stored in `data`, upright, as RGB.

    The camera's orientation tag is applied, transparency is laid on white, 16-bit grey is
    scaled to 8 bits, CMYK and palettes are converted, and of an animation the first frame is
    taken. Size is checked from the header, before pixels are decoded.

    Args:
        data: content of the file.
        name: what to call the file in an error message.

    Raises:
        UnreadableImageError: empty, truncated, not a picture, or above `MAX_BYTES` or `MAX_PIXELS`.
    """
    if not data:
        raise UnreadableImageError(f"{name} is empty. Choose another picture.")
    if len(data) > MAX_BYTES:
        raise UnreadableImageError(
            f"{name} is larger than {MAX_BYTES // 2**20} MB. Save it smaller and try again."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # EXIF oddities; the size limit below is our own
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                return _upright_rgb(image, name)
    except UnidentifiedImageError:
        raise UnreadableImageError(
            f"{name} is not a picture that can be read. "
            "Use a JPEG, PNG, WebP, GIF, BMP or TIFF file."
        ) from None
    except Image.DecompressionBombError:
        raise _too_many_pixels(name) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError) as error:
        raise UnreadableImageError(
            f"{name} is damaged or incomplete. Save the picture again and retry."
        ) from error


def decode_file(path: Path) -> UInt8[np.ndarray, "height width 3"]:
    """Picture at `path`; see `decode`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise UnreadableImageError(
            f"{path} cannot be opened ({reason}). Check the path."
        ) from error
    return decode(data, name=path.name)


def _too_many_pixels(name: str) -> UnreadableImageError:
    return UnreadableImageError(
        f"{name} has more than {MAX_PIXELS // 10**6} megapixels. Scale it down and try again."
    )


def _upright_rgb(image: Image.Image, name: str) -> UInt8[np.ndarray, "height width 3"]:
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels(name)
    image.seek(0)
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I") or upright.mode == "F":
        upright = _eight_bits(upright)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        white = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(white, upright)
    return np.array(upright.convert("RGB"))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits, scaled so that its format's white stays white."""
    values = np.asarray(image, dtype=np.float64)
    # Only 16-bit modes say what white is; 32-bit integers and floats come in either scale.
    sixteen = image.mode.startswith("I;16") or values.max(initial=0) > 255
    white = 65535.0 if sixteen else 255.0
    return Image.fromarray(np.clip(values * (255 / white), 0, 255).astype(np.uint8))
