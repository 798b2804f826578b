"""The page as benchmarks need it: served by a process of its own, and looked at in Chromium."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
_START: Final = 300.0  # seconds after which a page that has not started is given up


class Served(NamedTuple):
    """A running page.

    Attributes:
        url: of it.
        pid: of its process.
    """

    url: str
    pid: int


class Held(NamedTuple):
    """What a process holds.

    Attributes:
        memory_kb: of the machine's memory.
        threads: that it runs.
        descriptors: of open files and connections.
    """

    memory_kb: int
    threads: int
    descriptors: int


def held(pid: int) -> Held:
    """What a process holds now; Linux alone tells."""
    process = Path(f"/proc/{pid}")
    lines = process.joinpath("status").read_text().splitlines()
    said = dict(line.split(":", 1) for line in lines)
    descriptors = sum(1 for _ in process.joinpath("fd").iterdir())
    return Held(int(said["VmRSS"].split()[0]), int(said["Threads"]), descriptors)


@contextmanager
def served(port: int, *arguments: str, temporary: Path | None = None) -> Iterator[Served]:
    """The page, its model loaded, as `python app.py` serves it with further arguments.

    Args:
        port: first one to try.
        arguments: of `app.py`.
        temporary: folder for its temporary files, if not the system's.
    """
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port), *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=os.environ | ({} if temporary is None else {"TMPDIR": str(temporary)}),
    )  # fmt: skip
    assert process.stdout
    patience = threading.Timer(_START, process.kill)
    patience.start()
    try:
        url = ""
        for line in process.stdout:
            if line.startswith("The page is at "):
                url = line.split()[4]
            if line.startswith("The model is loaded"):
                break
        patience.cancel()
        yield Served(url, process.pid)
    finally:
        patience.cancel()
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless Chromium; CHROMIUM names another one than the system's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()
