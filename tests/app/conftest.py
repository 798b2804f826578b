"""Fixtures for the page's tests; nothing of `sadal_core` is imported at the top."""

import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.pictures import encoded


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    folder = tmp_path / "uploads"
    folder.mkdir()
    return folder


@pytest.fixture
def upload(uploads: Path) -> dict[str, str]:
    """A readable picture, as Gradio hands it over."""
    return stored(uploads, "me.png", encoded(np.full((60, 80, 3), 90, np.uint8)))


def stored(uploads: Path, name: str, content: bytes) -> dict[str, str]:
    """An upload in a folder of its own, as Gradio stores it, and what it says of it."""
    # One per file: the page may be removing the folder of an earlier upload at this moment.
    folder = uploads / f"{zlib.crc32(name.encode()):08x}"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return {"path": str(folder / name), "orig_name": name, "url": f"/file={folder / name}"}


def emptied(folder: Path, seconds: float = 10) -> bool:
    """Whether nothing is left in `folder`, now or soon: uploads are deleted in the background."""
    end = time.monotonic() + seconds
    while any(folder.iterdir()) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(folder.iterdir())
