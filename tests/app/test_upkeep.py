import ctypes
import shutil
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.upkeep import give_back_memory, keep_up


def test_every_task_is_done_again_and_again_until_the_folder_is_gone(tmp_path: Path) -> None:
    folder, done, enough = tmp_path / "uploads", [], threading.Event()
    folder.mkdir()

    def last() -> None:
        done.append("last")
        if len(done) >= 6:
            enough.set()

    looking = keep_up(folder, [lambda: done.append("first"), last], often=0.01)
    assert enough.wait(20)
    shutil.rmtree(folder)
    looking.join(timeout=20)
    assert not looking.is_alive()
    assert done == ["first", "last"] * (len(done) // 2)


def test_nothing_is_done_once_the_folder_is_gone(tmp_path: Path) -> None:
    done: list[int] = []
    keep_up(tmp_path / "gone", [lambda: done.append(1)], often=0.01).join(timeout=20)
    time.sleep(0.05)
    assert done == []


def test_another_c_library_keeps_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(malloc_trim=asked.append))
    give_back_memory()
    assert asked == [0]
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    give_back_memory()
    assert asked == [0]
