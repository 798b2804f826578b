"""More visitors than the page can serve at once."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from app.private import private_folder
from app.serve import free_port, launch
from app.services import Services
from sadal_core.pipeline import FaceEstimate
from tests.e2e.conftest import ASTRONAUT, arrived
from tests.fakes import MANIFEST, estimate_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]
_AT_ONCE = 4  # uploads that are read at the same time


@dataclass
class Slow:
    """A model that answers when it is told to."""

    may_answer: threading.Event = field(default_factory=threading.Event)
    asked: "threading.Semaphore" = field(default_factory=lambda: threading.Semaphore(0))

    def __call__(self, image: np.ndarray) -> tuple[FaceEstimate, ...]:
        self.asked.release()
        assert self.may_answer.wait(300)
        return (estimate_of(36),)


@dataclass
class Busy:
    """A page whose visitors wait."""

    url: str
    model: Slow
    number: int  # of the event that reads an upload

    def visit(self, name: str) -> httpx.Response:
        """One more upload, by a session of that name."""
        with ASTRONAUT.open("rb") as file:
            sent = httpx.post(f"{self.url}gradio_api/upload", files={"files": ("a.jpg", file)})
        value = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
        body = {"data": [value], "fn_index": self.number, "session_hash": name}
        return httpx.post(f"{self.url}gradio_api/queue/join", json=body)


@pytest.fixture
def busy() -> Iterator[Busy]:
    """As many uploads being read as are at once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED", "HF_HUB_OFFLINE"):
            patch.setenv(name, "")
        with private_folder() as uploads:
            slow = Slow()
            services = Services(slow, MANIFEST, uploads=uploads, grace=0)
            demo, url = launch(services, "127.0.0.1", free_port("127.0.0.1", 7970))
            (number,) = (key for key, made in demo.fns.items() if made.name == "uploaded")
            page = Busy(url, slow, number)
            try:
                for visitor in range(_AT_ONCE):
                    assert page.visit(f"visitor {visitor}").status_code == 200
                for _ in range(_AT_ONCE):
                    assert slow.asked.acquire(timeout=60)
                yield page
            finally:
                slow.may_answer.set()
                demo.close(verbose=False)


def test_who_has_to_wait_sees_the_place_in_the_queue_and_is_answered(
    browser: Browser, busy: Busy
) -> None:
    assert busy.visit("before").status_code == 200
    with arrived(browser, busy.url) as page:
        page.wait_for_selector("#sadal-panel .sadal-panel")
        page.set_input_files("#sadal-photo input[type=file]", ASTRONAUT)
        expect(page.locator("#sadal-photo")).to_contain_text(re.compile(r"queue: 2/\d"))
        busy.model.may_answer.set()
        expect(page.locator("#sadal-age")).to_have_text("36")


def test_when_all_places_are_taken_it_is_said_and_later_works(browser: Browser, busy: Busy) -> None:
    taken = 0
    while busy.visit(f"waiting {taken}").status_code == 200:
        taken += 1
    assert taken >= 64
    with arrived(browser, busy.url) as page:
        page.wait_for_selector("#sadal-panel .sadal-panel")
        page.set_input_files("#sadal-photo input[type=file]", ASTRONAUT)
        expect(page.get_by_text("This application is currently busy")).to_be_visible()
        assert "Traceback" not in page.inner_text("body")
        busy.model.may_answer.set()
        page.wait_for_function("document.querySelector('#sadal-photo input[type=file]')")
        page.set_input_files("#sadal-photo input[type=file]", ASTRONAUT)
        expect(page.locator("#sadal-age")).to_have_text("36")
