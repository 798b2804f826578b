"""Journeys without a mouse: Tab, arrows, Enter, Space and Escape, with the focus always seen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.barriers import walk
from tests.e2e.conftest import BUNDLED_MODEL, Server, arrived
from tests.e2e.map import PLOT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (BUNDLED_MODEL.parent / "gallery" / "about.json").is_file(),
        reason="the bundled gallery is not here",
    ),
]
ARROWS = {
    "ArrowUp": (0, -1), "ArrowRight": (1, 0), "ArrowDown": (0, 1), "ArrowLeft": (-1, 0),
    "Shift+ArrowLeft": (-1, 0),
}  # fmt: skip


@pytest.fixture(scope="module")
def by_keyboard(browser: Browser, server: Server) -> Iterator[Page]:
    with arrived(browser, server.url) as page:
        page.emulate_media(reduced_motion="reduce")  # frames are there at once
        page.wait_for_selector("#sadal-figure .main-svg")
        yield page


@pytest.fixture(scope="module")
def gallery() -> Any:
    from sadal_core.gallery.stored import BUNDLED_GALLERY, load_gallery

    return load_gallery(BUNDLED_GALLERY)


def test_a_photo_is_read_and_forgotten_by_keyboard(by_keyboard: Page, group: Path) -> None:
    page, keyboard = by_keyboard, by_keyboard.keyboard
    page.on("filechooser", lambda chooser: chooser.set_files(group))
    upload = page.locator("#sadal-photo button").first
    walk(page, page.locator("#sadal-example"))
    keyboard.press("Enter")
    expect(page.locator(".sadal-box")).to_have_count(1)
    walk(page, page.locator("#sadal-forget"))
    keyboard.press("Space")
    expect(page.locator(".sadal-waiting")).to_be_visible()
    expect(upload).to_be_focused()  # for the next photo

    keyboard.press("Enter")
    expect(page.locator(".sadal-box")).to_have_count(3)
    walk(page, page.locator(".sadal-box").nth(1))
    keyboard.press("Enter")
    expect(page.locator(".sadal-which")).to_have_text("Face 2 of 3")
    walk(page, page.locator(".sadal-chip").nth(2))
    keyboard.press("Space")
    expect(page.locator(".sadal-which")).to_have_text("Face 3 of 3")
    expect(page.get_by_role("region", name="Estimate")).to_have_attribute("aria-live", "polite")
    walk(page, page.locator("a.sadal-save").first)
    walk(page, page.locator("#sadal-forget"), "Shift+Tab")
    keyboard.press("Enter")
    expect(upload).to_be_focused()
    views = page.get_by_role("tab", name="Estimate")
    assert walk(page, views).count("the end") == 1  # through all of the page, and around


def test_a_point_of_the_map_is_chosen_by_keyboard(by_keyboard: Page, gallery: Any) -> None:
    page, keyboard = by_keyboard, by_keyboard.keyboard
    walk(page, page.get_by_role("tab", name="Metric space"))
    keyboard.press("Enter")
    page.wait_for_selector(".sadal-map[data-ready]")
    expect(page.locator(".sadal-picked")).to_be_visible()
    walk(page, page.get_by_label("generated hard negatives"))
    keyboard.press("Space")
    page.wait_for_function(f"document.querySelector('{PLOT}').data[1].visible === false")
    plot = page.locator(PLOT).first
    walk(page, plot)
    expect(page.get_by_role("listbox")).to_have_count(0)  # those that were passed are closed
    expect(page.locator(".sadal-ring")).to_be_hidden()
    keyboard.press("ArrowRight")  # to the anchor of the quadruplet
    places = [ring(page)]
    for key, (right, down) in ARROWS.items():
        keyboard.press(key)
        places.append(ring(page))
        (x0, y0), (x, y) = places[-2:]
        assert right * (x - x0) + down * (y - y0) >= 5, key
        expect(page.locator(".sadal-unseen")).to_have_text(card(page).inner_text())
    chosen = gallery.ids[int(card(page).get_attribute("data-row") or "")]
    keyboard.press("Enter")
    expect(page.locator(".sadal-picked")).to_contain_text(str(chosen))
    expect(plot).to_be_focused()
    assert ring(page) == pytest.approx(places[-1], abs=1)  # where it was, on the map drawn anew
    keyboard.press("Escape")
    expect(page.locator(".sadal-ring")).to_be_hidden()
    expect(card(page)).to_be_hidden()


def test_all_around_the_map_is_reached_by_keyboard(by_keyboard: Page) -> None:
    page, keyboard = by_keyboard, by_keyboard.keyboard
    walk(page, page.locator("#sadal-picked .sadal-scroll").last)  # the neighbours
    walk(page, page.locator(".sadal-epoch input"), "Shift+Tab")
    keyboard.press("ArrowLeft")
    page.wait_for_function("document.querySelector('.sadal-map').dataset.epoch !== ''")
    walk(page, page.locator(PLOT).first, "Shift+Tab")
    expect(page.locator(".sadal-ring")).to_be_visible()  # at the point that was left
    walk(page, page.get_by_role("tab", name="Estimate"), "Shift+Tab")


def card(page: Page) -> Locator:
    """The picture and the words of a point."""
    return page.locator(".sadal-card")


def ring(page: Page) -> tuple[float, float]:
    """Where the ring around the point of the keyboard is."""
    expect(page.locator(".sadal-ring")).to_be_visible()
    x, y = page.locator(".sadal-ring").evaluate(
        "(ring) => [parseFloat(ring.style.left), parseFloat(ring.style.top)]"
    )
    return x, y
