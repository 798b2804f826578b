"""Looking at the Train view as a visitor does, and computing what it must show."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Page, expect

SHOWN = ("validation_mae", "validation_order_correlation", "probe_total_variance")


def train(page: Page, data: str = "toy") -> Page:
    """The view with a lab at its start."""
    page.get_by_role("tab", name="Train").click()
    page.wait_for_selector(".sadal-lab[data-turn]")
    if data == "toy":
        page.get_by_label("a toy of two features").check()
        expect(page.locator(".sadal-lab-plot[data-plot=features] .xtitle")).to_have_text(
            "First feature x₁"
        )
    return page


def press(page: Page, name: str) -> None:
    page.locator(".sadal-lab-bar").get_by_role("button", name=name, exact=True).click()


def turn(page: Page) -> int:
    found = re.fullmatch(r"turn (\d+)", page.locator(".sadal-lab-bar output").inner_text())
    assert found
    return int(found[1])


def play_to(page: Page, least: int) -> int:
    """Play as fast as it goes until at least so many turns, and pause; the turns then taken."""
    page.locator(".sadal-lab-bar select").select_option("fast")
    press(page, "Play")
    page.wait_for_function(
        "(least) => Number(document.querySelector('.sadal-lab').dataset.turn) >= least", arg=least
    )
    press(page, "Pause")
    settled(page)
    return turn(page)


def settled(page: Page) -> None:
    """Wait until what is drawn and the address are those of the last turn."""
    expect(page.locator(".sadal-lab[data-asking]")).to_have_count(0)  # when it was paused
    page.wait_for_function(
        """() => `turn ${document.querySelector('.sadal-lab').dataset.turn}`
               === document.querySelector('.sadal-lab-bar output').textContent"""
    )


def numbers(page: Page) -> dict[str, str]:
    """The table "Measured now", by the keys of a record."""
    cells = page.locator(".sadal-lab-numbers td[data-key]")
    return {str(c.get_attribute("data-key")): c.inner_text() for c in cells.all()}


def plotted(page: Page, plot: str, name: str) -> dict[str, Any]:
    """Coordinates of a layer or series of a plot."""
    return page.evaluate(
        """([plot, name]) => {
            const div = document.querySelector(`.sadal-lab-plot[data-plot=${plot}]`);
            const trace = div.data.findLast((t) => (t.meta.layer ?? t.meta.series) === name);
            return { x: [...trace.x], y: [...trace.y] };
        }""",
        [plot, name],
    )


def lab_of(address: str) -> Any:
    """The lab that an address of the page tells, made by the core."""
    from sadal_core.gallery.stored import BUNDLED_GALLERY, load_gallery
    from sadal_core.lab.state import read_state

    texts = {n: t for n, t in parse_qsl(urlsplit(address).query) if n != "view"}
    state, notes = read_state(texts)
    assert notes == []
    return state.lab(load_gallery(BUNDLED_GALLERY) if state.data == "faces" else None)


def expected(lab: Any) -> dict[str, str]:
    """What the table must say of a lab, for some of its numbers."""
    from app.lab_text import DETECTORS

    last = lab.records[-1]
    return {
        key: f"{last[key]:.{digits}f} {unit}".strip()
        for key, _, digits, unit in DETECTORS
        if key in SHOWN
    }
