"""Journeys through the Metric space view, each checked against the stored gallery."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import BUNDLED_MODEL, Server, visit
from tests.e2e.map import (
    PLOT,
    box,
    lonely_sample,
    numbers_of,
    opened,
    pixel,
    plot_value,
    selected_rows,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (BUNDLED_MODEL.parent / "gallery" / "about.json").is_file(),
        reason="the bundled gallery is not here",
    ),
]


@pytest.fixture(scope="module")
def explored(browser: Browser, server: Server) -> Iterator[Page]:
    """One page for journeys that begin wherever another of them has ended; it is slow to load."""
    yield from visit(browser, server, 1280, 900, "light")


@pytest.fixture(scope="module")
def gallery() -> Any:
    from sadal_core.gallery.stored import BUNDLED_GALLERY, load_gallery

    return load_gallery(BUNDLED_GALLERY)


def test_hovering_shows_the_picture_without_asking_the_server(explored: Page, gallery: Any) -> None:
    opened(explored)
    sample = lonely_sample(gallery)
    explored.wait_for_timeout(1000)  # what opening the view still asks for
    asked: list[str] = []
    explored.on("request", lambda request: asked.append(request.url))
    x, y = pixel(explored, gallery.maps["after-umap"][sample])
    explored.mouse.move(x - 30, y - 30)
    explored.mouse.move(x, y, steps=3)
    card = explored.locator(".sadal-card")
    expect(card).to_be_visible()
    expect(card).to_contain_text(f"Real sample, {gallery.ages[sample]} years")
    assert card.get_attribute("data-row") == str(sample)
    columns = gallery.about["pictures"]["columns"]
    left, top = 96 * (sample % columns), 96 * (sample // columns)
    style = card.locator(".sadal-tile").get_attribute("style") or ""
    assert re.search(rf"background-position: -?{left}px -?{top}px", style)
    assert [url for url in asked if "sheet.webp" not in url] == []


def test_maps_are_saved_as_pictures(explored: Page) -> None:
    opened(explored)
    for kind, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with explored.expect_download() as waiting:
            explored.locator("#sadal-map").get_by_role("button", name=kind, exact=True).click()
        path = Path(waiting.value.path())
        assert waiting.value.suggested_filename == f"sadal-map.{kind.lower()}"
        assert path.read_bytes().startswith(start)


def test_layers_go_and_come(explored: Page) -> None:
    opened(explored)
    for label, trace in (("real samples", 0), ("generated hard negatives", 1)):
        explored.locator("#sadal-map").get_by_label(label).uncheck()
        explored.wait_for_function(
            f"document.querySelector('.sadal-map-plot').data[{trace}].visible === false"
        )
        explored.locator("#sadal-map").get_by_label(label).check()
        explored.wait_for_function(
            f"document.querySelector('.sadal-map-plot').data[{trace}].visible === true"
        )
    assert plot_value(explored, "div.layout.annotations.length") == 7  # 5 distances, 2 arrows
    explored.locator("#sadal-map").get_by_label("source → generated").uncheck()
    explored.wait_for_function(
        "document.querySelector('.sadal-map-plot').layout.annotations.length === 5"
    )


def test_the_distances_of_a_quadruplet_are_those_of_the_embeddings(
    explored: Page, gallery: Any
) -> None:
    opened(explored)
    explored.locator("#sadal-easier").click()
    rank = explored.locator("#sadal-pick-rank input")
    expect(rank).to_have_value("2")
    from sadal_core.gallery.query import hardest_first, quadruplet

    chosen = quadruplet(gallery, int(hardest_first(gallery, 30)[1]))
    expect(explored.locator(".sadal-picked")).to_contain_text(str(gallery.ids[chosen.anchor]))
    space = gallery.embeddings.astype(float)
    for cells, held, source, row in zip(
        numbers_of(explored, 0), (chosen.anchor, chosen.positive), (chosen.younger, chosen.older),
        chosen.rows, strict=True,
    ):  # fmt: skip
        real = ((space[held] - space[source]) ** 2).sum()
        generated = ((space[held] - gallery.negative_embeddings[row]) ** 2).sum()
        assert cells[2:4] == [f"{real:.2f}", f"{generated:.2f}"]
        labels = plot_value(explored, "div.layout.annotations.map((one) => one.text)")
        assert {f"{real:.2f}", f"{generated:.2f}"} <= set(labels)


def test_the_chosen_pairs_are_marked_over_q(explored: Page) -> None:
    opened(explored)
    distance = numbers_of(explored, 0)[0][2]
    explored.get_by_role("tab", name="Similarity Q").click()
    figure = explored.locator("#sadal-q-figure")
    expect(figure.locator(".legend")).to_contain_text("real negative chosen on the map")
    y = explored.evaluate(
        """() => document.querySelector("#sadal-q-figure .js-plotly-plot").data
            .find((trace) => trace.name.startsWith("real negative")).y[0]"""
    )
    assert f"{y:.2f}" == distance


def test_a_click_shows_the_true_neighbours_and_the_quadruplet(explored: Page, gallery: Any) -> None:
    opened(explored)
    sample = lonely_sample(gallery)
    explored.mouse.click(*pixel(explored, gallery.maps["after-umap"][sample]))
    expect(explored.locator(".sadal-picked")).to_contain_text(str(gallery.ids[sample]))
    distances = ((gallery.embeddings.astype(float) - gallery.embeddings[sample]) ** 2).sum(axis=1)
    order = [i for i in np.argsort(distances, kind="stable") if i != sample][:8]
    tables = explored.locator("#sadal-picked table").count()
    shown = numbers_of(explored, tables - 1)
    assert [row[:3] for row in shown] == [
        [
            str(gallery.ages[i]),
            f"{distances[i]:.3f}",
            str(abs(gallery.ages[i] - gallery.ages[sample])),
        ]
        for i in order
    ]


def test_forged_points_are_refused_in_words(explored: Page) -> None:
    opened(explored)
    explored.evaluate(
        """() => {
            const div = document.querySelector(".sadal-map-plot");
            const point = { data: div.data[0], customdata: [999999, 0, 0], pointNumber: 0 };
            div.emit("plotly_click", { points: [point] });
        }"""
    )
    expect(explored.locator("#sadal-picked")).to_contain_text("has no real point 999999")
    explored.locator("#sadal-harder").click()  # the view goes on
    expect(explored.locator("#sadal-picked table").first).to_be_visible()


def test_a_box_selects_what_lies_in_it_in_figures_table_and_file(
    desktop: Page, gallery: Any
) -> None:
    opened(desktop)
    from app.scene import shown_negatives

    samples = gallery.maps["after-umap"]
    low = np.quantile(samples, 0.02, axis=0)
    high = np.array([np.quantile(samples[:, 0], 0.3), np.quantile(samples[:, 1], 0.9)])
    box(desktop, gallery, low, high)

    expect(desktop.locator("#sadal-chosen")).to_contain_text("are selected")
    drawn = plot_value(desktop, "div._fullLayout.selections[0]")  # to a fraction of a pixel
    edges = np.sort([[drawn["x0"], drawn["y0"]], [drawn["x1"], drawn["y1"]]], axis=0)

    hair = (edges[1] - edges[0]) / 2000  # plotly compares places in single precision

    def inside(places: np.ndarray) -> range:
        """How many lie in the box; more than one number where a point lies on its edge."""
        least, most = (
            int(((places > edges[0] + by) & (places < edges[1] - by)).all(axis=1).sum())
            for by in (hair, -hair)
        )
        return range(least, most + 1)

    generated = gallery.negative_maps["after-umap"][shown_negatives(gallery)]
    words = desktop.locator("#sadal-chosen").inner_text()
    found = re.search(r"([\d,]+) real samples and ([\d,]+) generated", words)
    assert found, words
    counts = [int(number.replace(",", "")) for number in found.groups()]
    assert counts[0] in inside(samples)
    assert counts[1] in inside(generated)
    assert min(counts) > 100
    rows = selected_rows(desktop)
    assert [sum(row["kind"] == kind for row in rows) for kind in ("real", "generated")] == counts
    expect(desktop.locator("#sadal-ages .main-svg").first).to_be_visible()
    expect(desktop.locator("#sadal-gaps .ytitle")).to_have_text("Squared distance")
    expect(desktop.locator("#sadal-table")).to_contain_text(rows[0]["id"])
    assert plot_value(desktop, "div.data[0].selectedpoints.length") == counts[0]

    desktop.get_by_role("button", name="Clear selection").click()
    expect(desktop.locator("#sadal-chosen")).to_contain_text("Nothing is selected")


def test_a_lasso_selects_too_and_the_other_map_follows(desktop: Page, gallery: Any) -> None:
    opened(desktop)
    desktop.get_by_label("side by side").check()
    expect(desktop.locator(PLOT)).to_have_count(2)
    desktop.wait_for_function(
        "document.querySelectorAll('.sadal-map-plot')[1]?._fullLayout?.width > 100"
    )
    before = gallery.maps["before-umap"]
    desktop.locator(PLOT).nth(1).locator('.modebar-btn[data-val="lasso"]').click()
    centre, reach = np.median(before, axis=0), before.std(axis=0)
    corners = [centre + reach * np.array(step) for step in ((-1, -1), (1, -1), (0.2, 1), (-1, -1))]
    desktop.mouse.move(*pixel(desktop, corners[0], 1))
    desktop.mouse.down()
    for corner in corners[1:]:
        desktop.mouse.move(*pixel(desktop, corner, 1), steps=4)
    desktop.mouse.up()
    expect(desktop.locator("#sadal-chosen")).to_contain_text("are selected")
    selections = [
        plot_value(desktop, "Array.from(div.data[0].selectedpoints)", plot) for plot in (0, 1)
    ]
    assert selections[0] == selections[1]
    assert 0 < len(selections[0]) < len(gallery)


def test_epochs_move_the_points_and_nothing_else(desktop: Page, gallery: Any) -> None:
    opened(desktop)
    desktop.locator(f'{PLOT} .modebar-btn[data-attr="zoom"][data-val="in"]').first.click()
    desktop.wait_for_timeout(500)
    zoomed = plot_value(desktop, "div._fullLayout.xaxis.range.concat(div._fullLayout.yaxis.range)")
    slider = desktop.locator(".sadal-epoch input")
    slider.focus()
    for _ in range(3):
        desktop.keyboard.press("ArrowLeft")
    count = len(gallery.epochs.numbers)
    desktop.wait_for_selector(f'.sadal-map[data-epoch="{count - 4}"]')
    expect(desktop.locator(".sadal-epoch output")).to_have_text(str(count - 3))
    assert plot_value(
        desktop, "div._fullLayout.xaxis.range.concat(div._fullLayout.yaxis.range)"
    ) == pytest.approx(zoomed)
    x = plot_value(
        desktop, "Array.from(div.calcdata[0][0].t?.x ?? div._fullData[0].x).slice(0, 50)"
    )
    np.testing.assert_allclose(x, gallery.epochs.samples[count - 4][:50, 0], atol=1e-4)
    slider.fill("0")
    expect(desktop.locator(".sadal-epoch small")).to_contain_text("has not begun to learn")
    expect(desktop.locator("#sadal-picked table").first).to_contain_text("–")


def test_the_visitors_own_face_is_on_the_map(desktop: Page) -> None:
    desktop.get_by_role("button", name="Try the example").click()
    expect(desktop.locator("#sadal-age")).to_be_visible()
    expect(desktop.locator("#sadal-nearest .sadal-tile")).to_have_count(6)
    opened(desktop)
    desktop.wait_for_function(
        "document.querySelector('.sadal-map-plot').data.some((trace) => trace.name === 'you')"
    )
    desktop.get_by_role("tab", name="Estimate").click()
    desktop.get_by_role("button", name="Forget this photo").click()
    expect(desktop.locator("#sadal-forget")).to_be_disabled()
    desktop.get_by_role("tab", name="Metric space").click()
    desktop.wait_for_function(
        "!document.querySelector('.sadal-map-plot').data.some((trace) => trace.name === 'you')"
    )


def test_the_map_fits_a_phone(phone: Page) -> None:
    tab = phone.get_by_role("tab", name="Metric space")
    tab.click()
    phone.wait_for_selector(".sadal-map[data-ready]")
    for _ in ("3-D", "plane"):
        phone.locator("#sadal-map-kind input").click()
        phone.get_by_role("option", name="UMAP in 3-D" if _ == "3-D" else "PCA, linear").click()
        ready = "umap3/after" if _ == "3-D" else "pca/after"
        phone.wait_for_selector(f'.sadal-map[data-ready="{ready}"]')
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
