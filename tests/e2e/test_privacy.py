"""What is left of a visitor who showed a face and closed the tab: nothing."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.e2e.conftest import ASTRONAUT, Server, arrived

pytestmark = pytest.mark.browser
NAME = "Aunt-Margaret-at-home"
_PICTURES = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n": "PNG", b"RIFF": "WebP"}


@pytest.fixture(scope="module")
def left(browser: Browser, server: Server, tmp_path_factory: pytest.TempPathFactory) -> "Left":
    """A visit with an upload, a snapshot and a few live frames, which is over."""
    photo = tmp_path_factory.mktemp("photo") / f"{NAME}.jpg"
    photo.write_bytes(ASTRONAUT.read_bytes())
    found = Left()
    with arrived(browser, server.url) as page:
        uploads = list[Response]()
        page.on("response", lambda r: uploads.append(r) if "/gradio_api/upload?" in r.url else None)
        page.wait_for_selector("#sadal-panel .sadal-panel")
        page.set_input_files("#sadal-photo input[type=file]", photo)
        expect(page.locator("#sadal-age")).to_be_visible()
        expect(page.locator(".sadal-save").first).to_be_visible()
        page.click("#sadal-forget")
        expect(page.locator(".sadal-waiting")).to_be_visible()
        snapshot(page)
        page.get_by_role("tab", name="Live camera").click()
        page.get_by_role("button", name="Start camera").click()
        expect(page.locator(".sadal-track")).to_have_count(1)
        found.addresses = [
            f"{server.url}gradio_api/file={path}" for sent in uploads for path in sent.json()
        ]
        found.cookies = {str(c.get("name")): str(c.get("value")) for c in page.context.cookies()}
        found.stored = page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])"
        )
    return found


def snapshot(page: Page) -> None:
    page.locator("#sadal-photo [data-testid=source-select] button").nth(1).click()
    page.locator("#sadal-photo [title='grant webcam access'] button").first.click()
    page.wait_for_function("document.querySelector('#sadal-photo video')?.videoWidth > 0")
    page.locator("#sadal-photo .button-wrap button").first.click()
    expect(page.locator("#sadal-age")).to_be_visible()


class Left:
    """What a visit leaves behind.

    Attributes:
        addresses: of the pictures that were sent.
        cookies: of the browser.
        stored: in the browser's storage.
    """

    def __init__(self) -> None:
        self.addresses = list[str]()
        self.cookies = dict[str, str]()
        self.stored = ""


def soon(check: "Iterator[bool]", seconds: float = 60) -> bool:
    """Whether a check comes true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if next(check):
            return True
        time.sleep(0.2)
    return False


def test_no_file_holds_the_picture(left: Left, server: Server) -> None:
    def clean() -> Iterator[bool]:
        while True:
            yield pictures_below(server.temporary) == []

    assert soon(clean()), pictures_below(server.temporary)


def pictures_below(folder: Path) -> list[Path]:
    """Files that hold a picture or have the name of the visitor's, whatever their ending."""
    found = list[Path]()
    for path in folder.rglob("*"):
        if NAME in path.name or (path.is_file() and is_picture(path)):
            found.append(path)
    return found


def is_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError:
        return False
    return any(start.startswith(magic) for magic in _PICTURES)


def test_no_address_gives_it_any_more(left: Left, server: Server) -> None:
    assert len(left.addresses) == 2  # the photo and the snapshot
    for address in left.addresses:
        for cookies in (left.cookies, {}):
            reply = httpx.get(address, cookies=cookies)
            assert reply.status_code in (403, 404), address


def test_the_log_has_neither_name_nor_picture(left: Left, server: Server) -> None:
    log = (server.temporary / "log.txt").read_text()
    assert NAME not in log
    assert "data:image" not in log
    assert "base64" not in log
    assert "/9j/" not in log  # a JPEG in base64


def test_the_browser_keeps_nothing_of_it(left: Left) -> None:
    assert NAME not in left.stored
    assert "data:image" not in left.stored
    assert set(left.cookies) == {"sadal-visitor"}


def test_the_page_says_so(desktop: Page) -> None:
    body = desktop.inner_text("body")
    assert "Pixels stay on the machine that runs this page" in body
    assert "No other host is contacted, and nothing is recorded or shared." in body
