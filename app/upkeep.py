"""What the page does for itself now and then while it is served."""

import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_OFTEN: Final = 30.0  # seconds between two looks


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


def give_back_memory() -> None:
    """Let the system have the memory that is free again; glibc would keep it for later.

    It is one call of glibc's, which other C libraries do not have; they go without.
    """
    with suppress(OSError, AttributeError):
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
        trim(0)
