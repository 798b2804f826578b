"""The site as a reader sees it, opened from the disk."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.e2e.conftest import chromium

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_mathematics_shows_its_figures_and_formulas(
    site: Path, scheme: str, width: int
) -> None:
    asked: list[str] = []
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto((site / "mathematics.html").as_uri())
        figures = page.locator("figure.drawn")
        for number in range(figures.count()):
            figures.nth(number).scroll_into_view_if_needed()
            figures.nth(number).locator(".main-svg").first.wait_for()
        assert figures.count() == 6
        assert page.evaluate("document.body.dataset.mdColorScheme") == {
            "light": "default", "dark": "slate",
        }[scheme]  # fmt: skip
        formula = page.locator(".formula math").first.bounding_box()
        assert formula is not None
        assert formula["width"] > 100
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert wrong == []
