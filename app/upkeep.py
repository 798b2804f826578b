"""What the page does for itself now and then while it is served."""

import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_OFTEN: Final = 30.0  # seconds between two looks
_MOST_HEAPS: Final = -8  # M_ARENA_MAX in glibc's malloc.h


def keep_up(
    folder: Path, tasks: Sequence[Callable[[], object]], *, often: float = _OFTEN
) -> threading.Thread:
    """Do the tasks one after the other, again and again until the page's folder is gone."""

    def look() -> None:
        while folder.is_dir():
            for task in tasks:
                task()
            time.sleep(often)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    return looking


def keep_memory_together() -> None:
    """Let the threads of this process share two of glibc's heaps; it would open eight per core.

    Each of Gradio's threads would otherwise keep what a crowd of visitors left in a heap of its
    own. To be called before there are threads.
    """
    _ask_glibc("mallopt", _MOST_HEAPS, 2)


def give_back_memory() -> None:
    """Let the system have the memory that is free again; glibc would keep it for later."""
    _ask_glibc("malloc_trim", 0)


def _ask_glibc(name: str, *arguments: int) -> None:
    """Call a function of glibc's that other C libraries need not have; they go without."""
    with suppress(OSError, AttributeError):
        asked: Callable[..., int] = getattr(ctypes.CDLL(None), name)
        asked(*arguments)
