"""A camera that is refused, missing, taken or unplugged: told in words, and it starts again."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.server import StandIn, ready

pytestmark = pytest.mark.browser
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


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    server = StandIn(tmp_path_factory.mktemp("standin"))
    yield server
    server.kill()


@pytest.fixture(scope="module")
def visited(browser: Browser, standin: StandIn) -> Iterator[Page]:
    """One page for all that goes wrong without its being loaded again."""
    with ready(browser, standin) as page:
        yield page


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
