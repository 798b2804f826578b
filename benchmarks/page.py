"""The page as benchmarks need it: served by a process of its own, and looked at in Chromium."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent


class Served(NamedTuple):
    """A running page.

    Attributes:
        url: of it.
        pid: of its process.
    """

    url: str
    pid: int


@contextmanager
def served(port: int, *arguments: str) -> Iterator[Served]:
    """The page, its model loaded, as `python app.py` serves it with further arguments."""
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port), *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout
    try:
        url = ""
        for line in process.stdout:
            if line.startswith("The page is at "):
                url = line.split()[4]
            if line.startswith("The model is loaded"):
                break
        yield Served(url, process.pid)
    finally:
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
