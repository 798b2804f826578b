"""Pictures for tests, as arrays and as the bytes of files."""

import io
from typing import Any

import numpy as np
from PIL import Image


def encoded(picture: np.ndarray | Image.Image, format: str = "PNG", **options: Any) -> bytes:
    """The bytes of a picture file."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def quadrants(height: int = 48, width: int = 64) -> np.ndarray:
    """Red, green (top), blue and white (bottom) quarters: no two orientations look alike."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2, 0] = 255
    picture[: height // 2, width // 2 :, 1] = 255
    picture[height // 2 :, : width // 2, 2] = 255
    picture[height // 2 :, width // 2 :] = 255
    return picture


def crowd(portrait: np.ndarray, rows: int, columns: int, size: tuple[int, int]) -> np.ndarray:
    """The head of scikit-image's astronaut in a grid, on grey; `size` is (height, width) in px."""
    height, width = size[0] // rows, size[1] // columns
    side = min(height, width)
    head = Image.fromarray(portrait[0:240, 110:350]).resize((side, side))
    picture = np.full((*size, 3), 128, np.uint8)
    for row in range(rows):
        for column in range(columns):
            top, left = row * height, column * width
            picture[top : top + head.height, left : left + head.width] = head
    return picture
