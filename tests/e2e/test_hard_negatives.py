"""A journey through the Hard negatives view."""

import base64
import io
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import BUNDLED_MODEL, Server, visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (BUNDLED_MODEL.parent / "gallery" / "about.json").is_file(),
        reason="the bundled gallery is not here",
    ),
]


@pytest.fixture(scope="module")
def desktop(browser: Browser, server: Server) -> Iterator[Page]:
    """One page for both journeys: the first only looks."""
    yield from visit(browser, server, 1280, 900, "light")


def choose(page: Page, part: str, option: str) -> None:
    page.locator(f"#{part} input").click()
    # Of this list: the one before may not have closed yet.
    page.locator(f"#{part}").get_by_role("option", name=option, exact=True).click()


def test_one_quadruplet_many_and_all_generators_are_shown(desktop: Page) -> None:
    desktop.get_by_role("tab", name="Hard negatives").click()
    detail = desktop.locator("#sadal-hard-detail")
    expect(detail.locator("figure")).to_have_count(6)
    expect(detail).to_contain_text("anchor, 30 years")
    expect(desktop.locator("#sadal-plane .xtitle")).to_contain_text("Along the segment")
    expect(desktop.locator("#sadal-hard-gaps .ytitle")).to_contain_text("Squared distance")
    expect(desktop.locator("#sadal-boxes")).to_contain_text("real negative")
    expect(desktop.locator("#sadal-compared")).to_contain_text("linear, as released")

    link = desktop.locator("#sadal-hard-saves a").nth(1)
    expect(link).to_have_text("All rows as Parquet")
    file = base64.b64decode((link.get_attribute("href") or "").partition(",")[2])
    table = pd.read_parquet(io.BytesIO(file))
    assert (np.diff(table["hardness"]) <= 0).all()
    first = table.iloc[0]
    shown = desktop.locator("#sadal-hard-table").get_by_role("row").nth(1)  # after the head
    expect(shown).to_contain_text(f"{first['row']:.0f}")
    expect(shown).to_contain_text(f"{first['hardness']:.3f}")


def test_a_visitor_describes_a_quadruplet(desktop: Page) -> None:
    desktop.get_by_role("tab", name="Hard negatives").click()
    detail = desktop.locator("#sadal-hard-detail")
    expect(detail).to_contain_text("anchor, 30 years")
    choose(desktop, "sadal-hard-age", "40")
    choose(desktop, "sadal-hard-older", "45")
    expect(detail).to_contain_text("anchor, 40 years")
    expect(detail).to_contain_text("older, 45 years")
    before = detail.locator(".sadal-faces").inner_html()
    desktop.locator("#sadal-hard-another").click()
    desktop.wait_for_function(
        "(html) => document.querySelector('#sadal-hard-detail .sadal-faces').innerHTML !== html",
        arg=before,
    )

    desktop.get_by_role("radio", name="midpoint").check()
    cells = detail.locator("tbody tr").first.locator("td")
    expect(cells.last).to_have_text("0.00")  # off the midpoint

    choose(desktop, "sadal-hard-older", "30")
    expect(detail).to_contain_text("Not drawn.")
    expect(detail).to_contain_text("must be younger than the anchor")
    choose(desktop, "sadal-hard-older", "60")
    expect(detail).to_contain_text("older, 60 years")


def test_the_view_fits_a_phone(phone: Page) -> None:
    phone.locator(".overflow-menu button").first.click()
    phone.locator(".overflow-dropdown button", has_text="Hard negatives").click()
    expect(phone.locator("#sadal-hard-detail figure")).to_have_count(6)
    expect(phone.locator("#sadal-boxes .main-svg").first).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
