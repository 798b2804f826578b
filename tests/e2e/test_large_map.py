"""A gallery too large to be drawn whole, in a real browser: zooming in shows what was left out."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import arrived, started, wait_for
from tests.e2e.map import opened, pixel, plot_value

pytestmark = pytest.mark.browser
PORT, SAMPLES, MOST = 7712, 200, 40
SAID = ".sadal-map-status"
DRAWN = "Array.from(div._fullData[0].customdata, (row) => row[0])"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.planted_gallery import stored_gallery

    made = tmp_path_factory.mktemp("large")
    stored_gallery(made / "gallery", SAMPLES)
    return made


@pytest.fixture(scope="module")
def gallery(folder: Path) -> Any:
    from sadal_core.gallery.stored import load_gallery

    return load_gallery(folder / "gallery")


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    log = folder / "log.txt"
    command = [sys.executable, "-m", "tests.e2e.large", str(PORT), str(folder / "gallery")]
    process = started(command, log)
    try:
        wait_for(log, "The page is at", process)
        with arrived(browser, f"http://127.0.0.1:{PORT}/") as shown:
            yield opened(shown)
    finally:
        process.kill()
        process.wait(timeout=30)
    assert "Traceback" not in log.read_text()


def test_zooming_in_draws_all_of_a_part_and_zooming_out_a_share_again(
    page: Page, gallery: Any
) -> None:
    expect(page.locator(SAID)).to_contain_text(f"{MOST} of the {SAMPLES} samples in view are drawn")
    few = plot_value(page, DRAWN)
    assert len(few) == MOST
    places = gallery.maps["after-umap"]
    middle = np.abs(places - places.mean(axis=0)).max(axis=1)  # in the window for certain
    missing = next(row for row in np.argsort(middle).tolist() if row not in few)
    half = np.ptp(places, axis=0) / 20
    low, high = places[missing] - half, places[missing] + half
    zoom(page, low, high)
    expect(page.locator(SAID)).to_have_text(re.compile(r"^All \d+ samples in view are drawn"))
    shown = plot_value(page, DRAWN)
    assert missing in shown
    (left, right), (bottom, top) = (
        plot_value(page, f"div._fullLayout.{axis}axis.range") for axis in "xy"
    )
    inside = (places >= (left, bottom)).all(axis=1) & (places <= (right, top)).all(axis=1)
    assert shown == np.flatnonzero(inside).tolist()
    assert right - left < 4 * half[0]  # the answer has not moved what is looked at
    x, y = pixel(page, places[missing])
    page.mouse.move(x - 2, y)
    page.mouse.move(x, y)
    expect(page.locator(".sadal-card")).to_be_visible()  # plotly has seen where the mouse is
    page.mouse.click(x, y)
    expect(page.locator("#sadal-picked")).to_contain_text(str(gallery.ids[missing]))
    page.locator('.sadal-map-plot .modebar-btn[data-attr="zoom"][data-val="reset"]').first.click()
    expect(page.locator(SAID)).to_contain_text(f"{MOST} of the {SAMPLES} samples in view")
    assert plot_value(page, DRAWN) == few


def zoom(page: Page, low: np.ndarray, high: np.ndarray) -> None:
    """Draw a box to zoom into, as a visitor does."""
    page.locator('.sadal-map-plot .modebar-btn[data-val="zoom"]').first.click()
    (x0, y0), (x1, y1) = pixel(page, low), pixel(page, high)
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2, steps=3)
    page.mouse.move(x1, y1, steps=3)
    page.mouse.up()
