"""Journeys through the Results view."""

import csv
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Server, arrived

pytestmark = pytest.mark.browser
CHOSEN = "ca_svr"  # into the figures


def test_a_researcher_filters_sorts_chooses_and_takes_the_table_along(
    desktop: Page, browser: Browser, server: Server, results_folder: Path, tmp_path: Path
) -> None:
    desktop.get_by_role("tab", name="Results").click()
    table = desktop.locator("#sadal-results-table table")
    expect(table.locator("caption")).to_contain_text("FG-NET, leave one person out")
    stored = json.loads((results_folder / "comparison-fgnet-lopo.json").read_text())
    rows = {row["method"]: row for row in stored["rows"]}
    assert methods(desktop) == sorted(rows, key=lambda name: rows[name]["mae"])
    see_figures(desktop)
    sort_by_keyboard(desktop)
    desktop.get_by_label("deep", exact=True).uncheck()
    expect(table.locator('[data-method="single_label"]')).to_have_count(0)
    scores = [row["cs5"] for row in rows.values() if row["family"] != "deep"]
    assert [rows[name]["cs5"] for name in methods(desktop)] == sorted(scores)

    title = rows[CHOSEN]["title"]
    desktop.locator("#sadal-results-methods input").click()
    desktop.get_by_role("option", name=title, exact=True).click()
    expect(desktop.locator("#sadal-results-cs .legend")).to_contain_text(title)

    lines = downloaded(desktop, tmp_path / "table.csv")
    assert [line["method"] for line in lines if line["mae"]] == methods(desktop)
    for line in lines:
        row = rows[line["method"]]
        assert float(line["mae"]) == row["mae"]
        assert [float(line[f"cs_{years}"]) for years in range(11)] == row["cs"]

    desktop.wait_for_function("name => location.search.includes(name)", arg=CHOSEN)
    query = parse_qs(urlsplit(desktop.url).query)
    assert (query["sort"], query["reverse"]) == (["cs5"], ["yes"])
    with arrived(browser, desktop.url) as again:
        expect(again.locator('#sadal-results-table th[aria-sort="ascending"]')).to_be_visible()
        assert methods(again) == methods(desktop)
        expect(again.get_by_label("deep", exact=True)).not_to_be_checked()
        expect(again.locator("#sadal-results-cs .legend")).to_contain_text(title)
        expect(again.locator(".sadal-link-notes li")).to_have_count(0)


def methods(page: Page) -> list[str]:
    """Methods of the measured lines on show, in their order."""
    lines = page.locator("#sadal-results-table tbody tr:not(:has(.sadal-absent))")
    return [str(line.get_attribute("data-method")) for line in lines.all()]


def see_figures(page: Page) -> None:
    """All figures are drawn when they come into view."""
    for part in ("cs", "bands", "differences", "ablations", "tradeoff"):
        figure = page.locator(f"#sadal-results-{part}")
        figure.scroll_into_view_if_needed()
        expect(figure.locator(".main-svg").first).to_be_visible()


def sort_by_keyboard(page: Page) -> None:
    """CS(5) from the best on, then from the worst; the head keeps the focus."""
    table = page.locator("#sadal-results-table table")
    head = table.get_by_role("button", name="CS(5), %")
    head.focus()
    page.keyboard.press("Enter")
    expect(table.locator('th[aria-sort="descending"]')).to_contain_text("CS(5)")
    expect(head).to_be_focused()
    page.keyboard.press("Enter")
    expect(table.locator('th[aria-sort="ascending"]')).to_contain_text("CS(5)")


def downloaded(page: Page, path: Path) -> list[dict[str, Any]]:
    """The lines of the CSV file that the view saves."""
    with page.expect_download() as download:
        page.locator("#sadal-results-saves").get_by_role("link", name="CSV").click()
    download.value.save_as(path)
    assert download.value.suggested_filename == "comparison-fgnet-lopo.csv"
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_view_fits_a_phone(phone: Page) -> None:
    phone.locator(".overflow-menu button").first.click()
    phone.locator(".overflow-dropdown button", has_text="Results").click()
    line = phone.locator('#sadal-results-table [data-method="sadal"]')
    expect(line).to_be_visible()
    number = line.locator("td").nth(1).bounding_box()  # CS(5), without scrolling sideways
    assert number is not None
    assert number["x"] + number["width"] <= 390
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
    phone.get_by_role("button", name="Model card").click()
    expect(phone.get_by_role("heading", name="What it is", exact=True)).to_be_visible()
