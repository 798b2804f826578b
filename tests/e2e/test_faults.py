"""What a visitor sees when the camera, the connection or the server fails, and how it goes on."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import ASTRONAUT, OFFLINE, ROOT, arrived, wait_for
from tests.e2e.standin import HOLD, READING
from tests.e2e.test_privacy import is_picture

pytestmark = pytest.mark.browser
PORT = 7710
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 20_000}

REFUSE = """(name) => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", name));
}"""
INSECURE = """() => Object.defineProperty(
    navigator, "mediaDevices", { value: undefined, configurable: true })"""
ALLOW = """() => {
    delete navigator.mediaDevices;
    delete navigator.mediaDevices.getUserMedia;
}"""
CAMERAS = {
    "denied": (REFUSE, "NotAllowedError", "The camera is blocked"),
    "missing": (REFUSE, "NotFoundError", "No camera was found"),
    "busy": (REFUSE, "NotReadableError", "Close other programs that use it"),
    "insecure": (INSECURE, "", "only to pages from https or localhost"),
}


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
        environment = {**os.environ, "TMPDIR": str(self.temporary), "PYTHONPATH": str(OFFLINE)}
        with self._log.open("w") as out:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
            )
        wait_for(self._log, "The page is at", self._process)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(timeout=30)

    def pictures(self) -> list[Path]:
        """Files of visitors, whole or not."""
        return [path for path in self.temporary.rglob("*") if path.is_file() and is_picture(path)]


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    server = StandIn(tmp_path_factory.mktemp("standin"))
    yield server
    server.kill()


@contextmanager
def ready(browser: Browser, standin: StandIn, query: str = "") -> Iterator[Page]:
    with arrived(browser, standin.url + query) as page:
        page.wait_for_selector("#sadal-figure .main-svg", state="attached")
        yield page


@pytest.fixture(scope="module")
def visited(browser: Browser, standin: StandIn) -> Iterator[Page]:
    """One page for all that goes wrong without its being loaded again."""
    with ready(browser, standin) as page:
        yield page


def soon(check: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether a check comes true."""
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.1)
    return check()


def break_camera(page: Page, fault: str) -> str:
    """Let the browser refuse its camera; what the page has to say."""
    script, name, words = CAMERAS[fault]
    page.evaluate(script, name)
    return words


def unplug(page: Page, video: str) -> None:
    page.evaluate(
        """(video) => document.querySelector(video).srcObject.getVideoTracks()[0]
            .dispatchEvent(new Event("ended"))""",
        video,
    )


def live(page: Page) -> Locator:
    """The start button of the live camera, which is off."""
    page.get_by_role("tab", name="Live camera").click()
    return page.get_by_role("button", name="Start camera")


def works_live(page: Page) -> None:
    page.get_by_role("button", name="Start camera").click()
    expect(page.locator(".sadal-track")).to_have_count(1)
    page.get_by_role("button", name="Stop camera").click()
    expect(page.locator(".sadal-track")).to_have_count(0)


@pytest.mark.parametrize("fault", CAMERAS)
def test_a_live_camera_that_does_not_start_says_why_and_can_be_started_again(
    fault: str, visited: Page
) -> None:
    start = live(visited)
    words = break_camera(visited, fault)
    start.click()
    expect(visited.locator(".sadal-live-message")).to_contain_text(words)
    expect(start).to_be_enabled()
    visited.evaluate(ALLOW)
    works_live(visited)


def test_a_live_camera_that_is_unplugged_says_so_and_can_be_started_again(visited: Page) -> None:
    start = live(visited)
    start.click()
    expect(visited.locator(".sadal-track")).to_have_count(1)
    unplug(visited, ".sadal-live video")
    expect(visited.locator(".sadal-live-message")).to_contain_text("was disconnected")
    expect(visited.locator(".sadal-track")).to_have_count(0)
    assert visited.evaluate("document.querySelector('.sadal-live video').srcObject") is None
    expect(start).to_be_enabled()
    works_live(visited)


def snapshot(page: Page) -> Locator:
    """What starts the camera of the photo part."""
    page.get_by_role("tab", name="Photo").click()
    page.locator("#sadal-photo [data-testid=source-select] button").nth(0).click()
    page.locator("#sadal-photo [data-testid=source-select] button").nth(1).click()
    return page.locator("#sadal-photo [title='grant webcam access'] button").first


@pytest.mark.parametrize("fault", CAMERAS)
def test_a_camera_of_the_photo_part_says_why_it_does_not_start(fault: str, visited: Page) -> None:
    start = snapshot(visited)
    words = break_camera(visited, fault)
    start.click()
    expect(visited.locator("#sadal-photo [role=alert]")).to_contain_text(words)
    visited.evaluate(ALLOW)
    start.click()
    expect(visited.locator("#sadal-photo video")).to_be_visible()
    expect(visited.locator("#sadal-photo [role=alert]")).to_be_empty()


def test_a_camera_of_the_photo_part_that_is_unplugged_leaves_no_still_picture(
    visited: Page,
) -> None:
    snapshot(visited).click()
    visited.wait_for_function("document.querySelector('#sadal-photo video')?.videoWidth > 0")
    unplug(visited, "#sadal-photo video")
    expect(visited.locator("#sadal-photo [role=alert]")).to_contain_text("was disconnected")
    expect(visited.locator("#sadal-photo video")).to_have_count(0)
    snapshot(visited).click()
    visited.wait_for_function("document.querySelector('#sadal-photo video')?.videoWidth > 0")
    visited.locator("#sadal-photo .button-wrap button").first.click()
    expect(visited.locator("#sadal-age")).to_have_text("42")
    visited.click("#sadal-forget")
    expect(visited.locator(".sadal-waiting")).to_be_visible()


def choose(page: Page, path: Path = ASTRONAUT) -> None:
    page.set_input_files("#sadal-photo input[type=file]", path)


def clean_after_reload(page: Page, standin: StandIn) -> None:
    """Load the page again: nothing of the photo is there, and the next one works."""
    page.reload()
    expect(page.locator(".sadal-waiting")).to_be_visible()
    expect(page.locator("#sadal-photo")).to_be_visible()
    expect(page.locator("#sadal-forget")).to_be_disabled()
    (standin.temporary / HOLD).unlink(missing_ok=True)
    page.wait_for_selector("#sadal-figure .main-svg")
    choose(page)
    expect(page.locator("#sadal-age")).to_have_text("42")
    assert soon(lambda: standin.pictures() == []), standin.pictures()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A picture that takes half a minute on a slow network."""
    path = tmp_path / "large.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (450, 450, 3), np.uint8)).save(path)
    return path


def test_a_page_loaded_again_during_an_upload_is_clean(
    large: Path, browser: Browser, standin: StandIn
) -> None:
    with ready(browser, standin) as page:
        network = page.context.new_cdp_session(page)
        network.send("Network.emulateNetworkConditions", SLOW)
        choose(page, large)
        assert soon(lambda: standin.pictures() != [])
        assert all(path.stat().st_size < large.stat().st_size for path in standin.pictures())
        clean_after_reload(page, standin)


def test_a_page_loaded_again_during_an_estimate_is_clean(
    browser: Browser, standin: StandIn
) -> None:
    (standin.temporary / READING).unlink(missing_ok=True)
    (standin.temporary / HOLD).touch()
    with ready(browser, standin) as page:
        choose(page)
        assert soon((standin.temporary / READING).exists)
        clean_after_reload(page, standin)


def test_a_short_break_of_the_connection_is_told_and_costs_nothing(visited: Page) -> None:
    visited.get_by_role("tab", name="Photo").click()
    choose(visited)
    expect(visited.locator("#sadal-age")).to_have_text("42")
    lost = visited.locator(".sadal-lost")
    expect(lost).to_be_empty()
    visited.context.set_offline(True)
    expect(lost).to_contain_text("The page has lost its server.")
    visited.context.set_offline(False)
    expect(lost).to_be_empty()
    expect(visited.locator("#sadal-age")).to_have_text("42")


def test_a_page_whose_server_is_started_again_loads_itself_as_its_address_says(
    browser: Browser, standin: StandIn
) -> None:
    with ready(browser, standin, "?view=q&variant=wing_norm&L=8&tau=0.5") as page:
        asked: list[str] = []
        page.on("request", lambda r: asked.append(r.url) if r.url.endswith("/app_id") else None)
        tau = page.locator("#sadal-q-tau input[type=number]")
        expect(tau).to_have_value("0.5")
        set_tau(page, "0.7")
        assert asked == []  # all is well
        page.evaluate("() => { window.old = true; }")

        standin.kill()
        lost = page.locator(".sadal-lost[role=alert]")
        expect(lost).to_contain_text("The page has lost its server.")
        tau.fill("0.9")
        tau.blur()
        page.get_by_role("tab", name="Estimate").click()
        page.click("#sadal-example")
        assert soon(lambda: len(asked) > 2)
        expect(page.locator(".toast-body")).to_be_hidden()  # Gradio says the same in other words
        for width, height in ((390, 844), (1280, 900)):
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            expect(lost).to_be_in_viewport(ratio=1)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("tab", name="Similarity Q").click()
        page.get_by_role("button", name="Look now").press("Enter")

        standin.start()
        page.wait_for_function("() => window.old === undefined")
        expect(page.locator("#sadal-q-variant input:checked")).to_have_value("wing_norm")
        expect(tau).to_have_value("0.7")
        expect(lost).to_be_empty()
        set_tau(page, "0.6")


def set_tau(page: Page, value: str) -> None:
    """Move a slider of the Similarity Q view, and wait for what the server answers."""
    tau = page.locator("#sadal-q-tau input[type=number]")
    tau.fill(value)
    tau.blur()
    page.wait_for_function("(value) => location.search.includes(`tau=${value}`)", arg=value)
