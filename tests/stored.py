"""A stored gallery for tests that damage it, and how it must be refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sadal_core.errors import DataError
from sadal_core.gallery.stored import ABOUT, Sheet, load_gallery

TILE, COLUMNS = 16, 9


def planted_sheet() -> Sheet:
    """Tiles of one colour each, which WebP keeps."""
    image = np.zeros((8 * TILE, COLUMNS * TILE, 3), np.uint8)
    for place in range(70):
        row, column = divmod(place, COLUMNS)
        rows, columns = (slice(TILE * at, TILE * at + TILE) for at in (row, column))
        image[rows, columns] = 3 * place
    return Sheet(image, COLUMNS, TILE)


def refused(folder: Path, words: str = "damaged") -> None:
    """The error is one sentence about a file, and one that says what to do."""
    with pytest.raises(DataError, match=words) as caught:
        load_gallery(folder)
    text = str(caught.value)
    assert str(folder) in text
    assert "\n" not in text
    assert "again" in text or "Build one" in text


def about_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / ABOUT).read_text())


def write_about(folder: Path, about: dict[str, Any]) -> None:
    (folder / ABOUT).write_text(json.dumps(about))
