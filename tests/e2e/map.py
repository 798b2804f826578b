"""Looking at the map as a visitor does: where points are, what is written beside it."""

import base64
import csv
import io
from typing import Any
from urllib.parse import unquote

import numpy as np
from playwright.sync_api import Page, expect
from scipy.spatial.distance import cdist

PLOT = ".sadal-map-plot"


def opened(page: Page) -> Page:
    page.get_by_role("tab", name="Metric space").click()
    page.wait_for_selector(".sadal-map[data-ready]")
    expect(page.locator("#sadal-picked table").first).to_be_visible()
    return page


def pixel(page: Page, place: np.ndarray, plot: int = 0) -> tuple[float, float]:
    """Where a place of the map is in the window, into whose middle it is scrolled."""
    x, y = page.evaluate(
        """([plot, x, y]) => {
            const div = document.querySelectorAll(".sadal-map-plot")[plot];
            div.scrollIntoView({ block: "center", behavior: "instant" });
            const frame = div.querySelector(".nsewdrag").getBoundingClientRect();
            const { xaxis, yaxis } = div._fullLayout;
            return [frame.left + xaxis.l2p(x), frame.top + yaxis.l2p(y)];
        }""",
        [plot, float(place[0]), float(place[1])],
    )
    return x, y


def plot_value(page: Page, expression: str, plot: int = 0) -> Any:
    """What `expression` gives of a plot's element `div`."""
    return page.evaluate(
        f"""(plot) => {{
            const div = document.querySelectorAll(".sadal-map-plot")[plot];
            return {expression};
        }}""",
        plot,
    )


def lonely_sample(gallery: Any) -> int:
    """The sample of the map that a mouse can best tell from all others."""
    from app.scene import shown_negatives

    samples = gallery.maps["after-umap"]
    others = np.concatenate(
        [samples, gallery.negative_maps["after-umap"][shown_negatives(gallery)]]
    )
    distances = cdist(samples, others)
    distances[np.arange(len(samples)), np.arange(len(samples))] = np.inf
    return int(distances.min(axis=1).argmax())


def box(page: Page, gallery: Any, low: np.ndarray, high: np.ndarray, plot: int = 0) -> None:
    """Draw a selection box from one corner of the map to another."""
    page.locator(PLOT).nth(plot).locator('.modebar-btn[data-val="select"]').click()
    (x0, y0), (x1, y1) = pixel(page, low, plot), pixel(page, high, plot)
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2, steps=3)
    page.mouse.move(x1, y1, steps=3)
    page.mouse.up()


def selected_rows(page: Page) -> list[dict[str, str]]:
    """Rows of the CSV that the page offers."""
    link = page.locator("#sadal-chosen a.sadal-save").get_attribute("href")
    assert link
    text = base64.b64decode(unquote(link.partition(",")[2])).decode()
    return list(csv.DictReader(io.StringIO(text)))


def numbers_of(page: Page, table: int) -> list[list[str]]:
    """Cells of a table beside the map."""
    rows = page.locator("#sadal-picked table").nth(table).locator("tbody tr")
    return [row.locator("td").all_inner_texts()[1:] for row in rows.all()]
