import ctypes
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.upkeep import give_back_memory, keep_memory_together, keep_up


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
    asked: list[tuple[int, ...]] = []
    glibc = SimpleNamespace(
        malloc_trim=lambda *given: asked.append(given), mallopt=lambda *given: asked.append(given)
    )
    monkeypatch.setattr(ctypes, "CDLL", lambda name: glibc)
    keep_memory_together()
    give_back_memory()
    assert asked == [(-8, 2), (0,)]
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    keep_memory_together()
    give_back_memory()
    assert len(asked) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="the heaps are glibc's")
def test_threads_share_two_heaps() -> None:
    """Mapped heaps of 64 MB begin at multiples of 64 MB; without the call there is one a thread."""
    code = """
import threading
from app.upkeep import keep_memory_together
keep_memory_together()
held, together = [], threading.Barrier(12)
def hold():
    held.append([bytearray(3000) for _ in range(500)])
    together.wait()
threads = [threading.Thread(target=hold) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
starts = [int(line.split("-")[0], 16) for line in open("/proc/self/maps")]
print(sum(start % 2**26 == 0 for start in starts))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(ran.stdout) <= 2
