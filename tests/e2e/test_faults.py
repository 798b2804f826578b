"""A page that is loaded again in the midst of things, and one whose server fails."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.barriers import barriers, dressed
from tests.e2e.server import StandIn, choose, ready, soon
from tests.e2e.standin import HOLD, READING

pytestmark = pytest.mark.browser
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 20_000}
STREAM_CLOSED = """() => performance.getEntriesByType("resource")
    .some(({ name }) => name.includes("/queue/data"))"""


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    server = StandIn(tmp_path_factory.mktemp("standin"))
    yield server
    server.kill()


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


def test_a_short_break_of_the_connection_is_told_and_costs_nothing(
    browser: Browser, standin: StandIn
) -> None:
    with ready(browser, standin) as page:
        choose(page)
        expect(page.locator("#sadal-age")).to_have_text("42")
        lost = page.locator(".sadal-lost")
        expect(lost).to_be_empty()
        page.context.set_offline(True)
        expect(lost).to_contain_text("The page has lost its server.")
        page.context.set_offline(False)
        expect(lost).to_be_empty()
        expect(page.locator("#sadal-age")).to_have_text("42")


def test_a_page_whose_server_is_started_again_loads_itself_as_its_address_says(
    browser: Browser, standin: StandIn
) -> None:
    with ready(browser, standin, "?view=q&variant=wing_norm&L=8&tau=0.5") as page:
        asked: list[str] = []
        page.on("request", lambda r: asked.append(r.url) if r.url.endswith("/app_id") else None)
        tau = page.locator("#sadal-q-tau input[type=number]")
        expect(tau).to_have_value("0.5")
        page.wait_for_function(STREAM_CLOSED)
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
        seen_everywhere(page, lost)
        page.get_by_role("tab", name="Similarity Q").click()
        page.get_by_role("button", name="Look now").press("Enter")

        standin.start()
        page.wait_for_function("() => window.old === undefined")
        expect(page.locator("#sadal-q-variant input:checked")).to_have_value("wing_norm")
        expect(tau).to_have_value("0.7")
        expect(lost).to_be_empty()
        set_tau(page, "0.6")


def seen_everywhere(page: Page, notice: Locator) -> None:
    """On every screen, wherever the page is scrolled to, and readable."""
    for scheme, width, height in (("dark", 390, 844), ("light", 1280, 900)):
        dressed(page, scheme, width, height)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(notice).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert barriers(page) == []


def set_tau(page: Page, value: str) -> None:
    """Move a slider of the Similarity Q view, and wait for what the server answers."""
    tau = page.locator("#sadal-q-tau input[type=number]")
    tau.fill(value)
    tau.blur()
    page.wait_for_function("(value) => location.search.includes(`tau=${value}`)", arg=value)
