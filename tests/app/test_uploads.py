import os
import shutil
import time
from pathlib import Path

import pytest

from app.uploads import has_room, sweep
from sadal_core.faces.image import MAX_BYTES


def file_of(path: Path, *, age: float = 0, size: int = 1) -> Path:
    """A file that was last written some seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def test_what_is_old_is_swept_and_what_is_being_written_stays(tmp_path: Path) -> None:
    broken_off = file_of(tmp_path / "tmpabc", age=200)
    unread = file_of(tmp_path / "0123" / "face.png", age=200)
    fresh = file_of(tmp_path / "4567" / "face.png", age=5)
    beside = file_of(tmp_path / "89ab" / "old.png", age=200)
    file_of(tmp_path / "89ab" / "new.png")
    sweep(tmp_path, kept=120)
    assert not broken_off.exists()
    assert not unread.parent.exists()
    assert fresh.exists()
    assert not beside.exists()
    assert beside.parent.exists()
    fresh.unlink()
    sweep(tmp_path, kept=0)
    assert tmp_path.is_dir()


def test_there_is_room_until_the_uploads_or_the_disk_are_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert has_room(tmp_path, most=MAX_BYTES)
    file_of(tmp_path / "a" / "b.png", size=1000)
    assert has_room(tmp_path, most=MAX_BYTES + 1000)
    assert not has_room(tmp_path, most=MAX_BYTES + 999)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2 * MAX_BYTES))
    assert not has_room(tmp_path)
