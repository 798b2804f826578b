"""A server of one's own: the stand-in, which can be killed and started again."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.e2e.conftest import ASTRONAUT, arrived, started, wait_for
from tests.e2e.test_privacy import is_picture

PORT = 7710


class StandIn:
    """The page of `standin.py`, which can be killed and started again on its port.

    Attributes:
        url: of the page.
        temporary: every temporary file of the server lies below.
    """

    def __init__(self, temporary: Path) -> None:
        self.url = f"http://127.0.0.1:{PORT}/"
        self.temporary = temporary
        self._log = temporary / "log.txt"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.e2e.standin", str(PORT)]
        self._process = started(command, self._log)
        wait_for(self._log, "The page is at", self._process)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(timeout=30)

    def pictures(self) -> list[Path]:
        """Files of visitors, whole or not."""
        return [path for path in self.temporary.rglob("*") if path.is_file() and is_picture(path)]


@contextmanager
def ready(browser: Browser, standin: StandIn, query: str = "") -> Iterator[Page]:
    with arrived(browser, standin.url + query) as page:
        page.wait_for_selector("#sadal-figure .main-svg", state="attached")
        yield page


def choose(page: Page, path: Path = ASTRONAUT) -> None:
    page.set_input_files("#sadal-photo input[type=file]", path)


def soon(check: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether a check comes true."""
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.1)
    return check()
