"""Whoever sees little, hears the page read out, or is made ill by movement can use it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.barriers import barriers, dressed
from tests.e2e.conftest import BUNDLED_MODEL, PATIENCE_MS, Server, arrived
from tests.e2e.lab import train
from tests.e2e.map import PLOT, opened

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (BUNDLED_MODEL.parent / "gallery" / "about.json").is_file(),
        reason="the bundled gallery is not here",
    ),
]
DESKTOP, PHONE = (1280, 900), (390, 844)
STILL_MS, SEEN_MS = 1.0, 100.0  # movements that nobody sees, and that everybody does


@pytest.fixture(scope="module")
def looked_at(browser: Browser, server: Server) -> Iterator[Page]:
    """One page for all views, which come one after the other."""
    with arrived(browser, server.url) as page:
        page.wait_for_selector("#sadal-figure .main-svg")
        yield page


def empty(page: Page, group: Path) -> None:
    expect(page.locator(".sadal-waiting")).to_be_visible()


def result(page: Page, group: Path) -> None:
    page.set_input_files("#sadal-photo input[type=file]", group)
    expect(page.locator(".sadal-box")).to_have_count(3)
    expect(page.locator("#sadal-nearest .sadal-tile")).to_have_count(6)


def live(page: Page, group: Path) -> None:
    page.get_by_role("tab", name="Live camera").click()
    page.get_by_role("button", name="Start camera").click()
    expect(page.locator(".sadal-track")).to_have_count(1)


def selection(page: Page, group: Path) -> None:
    page.get_by_role("button", name="Stop camera").click()
    opened(page)
    page.evaluate(
        """(plot) => {
            const div = document.querySelector(plot);
            const { customdata } = div._fullData[0];
            const points = Array.from({ length: 300 }, (_, number) => (
                { data: div.data[0], customdata: customdata[number], pointNumber: number }));
            div.emit("plotly_selected", { points });
        }""",
        PLOT,
    )
    expect(page.locator("#sadal-ages .main-svg").first).to_be_visible()
    expect(page.locator("#sadal-table [role=gridcell]").first).to_be_visible()


def similarity(page: Page, group: Path) -> None:
    page.get_by_role("tab", name="Similarity Q").click()
    expect(page.locator("#sadal-q-figure .main-svg").first).to_be_visible()


def hard_negatives(page: Page, group: Path) -> None:
    page.get_by_role("tab", name="Hard negatives").click()
    for figure in ("#sadal-plane", "#sadal-hard-gaps", "#sadal-boxes"):
        expect(page.locator(f"{figure} .main-svg").first).to_be_visible()
    expect(page.locator("#sadal-compared [role=gridcell]").first).to_be_visible()


def lab(page: Page, group: Path) -> None:
    train(page, "faces")
    page.get_by_role("button", name="All settings").click()
    expect(page.locator("#sadal-lab-tau")).to_be_visible()


def results(page: Page, group: Path) -> None:
    page.get_by_role("tab", name="Results").click()
    for figure in ("cs", "bands", "ablations"):
        expect(page.locator(f"#sadal-results-{figure} .main-svg").first).to_be_visible()
    page.locator(".sadal-results summary").first.click()


def lesson(page: Page, group: Path) -> None:
    page.get_by_role("tab", name="Lessons").click()
    page.locator("#sadal-lessons a").first.click()
    expect(page.locator(".sadal-lesson header")).to_be_visible()
    page.get_by_role("tab", name="Lessons").click()


VIEWS: dict[str, Callable[[Page, Path], None]] = {
    "estimate, empty": empty, "estimate, a result": result, "estimate, live": live,
    "metric space": selection, "similarity": similarity, "hard negatives": hard_negatives,
    "train": lab, "results": results, "lessons": lesson,
}  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_keeps_people_out(view: str, looked_at: Page, group: Path) -> None:
    dressed(looked_at, "light", *DESKTOP)
    VIEWS[view](looked_at, group)
    assert unnamed_figures(looked_at) == []
    for scheme in ("light", "dark"):
        for size in (DESKTOP, PHONE):
            dressed(looked_at, scheme, *size)
            found = barriers(looked_at, contrast_only=scheme == "dark")
            assert found == [], f"{scheme}, {size}"


def unnamed_figures(page: Page) -> list[str]:
    """Figures that do not say what they show."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".js-plotly-plot")].filter((figure) => {
            const named = "[role=img][aria-label], [role=application][aria-label]";
            const name = (figure.closest(named) ?? figure.querySelector(named))?.ariaLabel;
            return figure.checkVisibility() && (!name || name === "Plot");
        }).map((figure) => figure.outerHTML.slice(0, 200))"""
    )


# Notes how many ms each movement lasts: of scripts, of style sheets, and of Gradio's signs of
# waiting, which are moved frame by frame. The one before there is a page has no style of ours yet.
WATCH = """() => {
    window.moved = [];
    const { animate } = Element.prototype;
    Element.prototype.animate = function (frames, options) {
        const { duration = 0, delay = 0 } = typeof options === "number"
            ? { duration: options } : options ?? {};
        window.moved.push(["script", duration + delay]);
        return animate.call(this, frames, options);
    };
    const longest = (times) => Math.max(...times.split(",").map((time) => 1000 * parseFloat(time)));
    for (const [event, kind] of [["transitionrun", "transition"], ["animationstart", "animation"]])
        document.addEventListener(event, ({ target, pseudoElement }) => {
            const style = getComputedStyle(target, pseudoElement);
            window.moved.push([kind, longest(style[`${kind}Duration`])]);
        }, true);
    const frame = () => {
        for (const sign of document.querySelectorAll(".block [data-testid=status-tracker] svg g"))
            if (!new DOMMatrix(getComputedStyle(sign).transform).isIdentity)
                window.moved.push(["waiting", 1000]);
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


def movements(browser: Browser, server: Server, wish: Any) -> dict[str, float]:
    """The longest movement of each kind on a visit, in ms."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion=wish)
    context.add_init_script(f"({WATCH})()")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(server.url)
    page.wait_for_selector("#sadal-figure .main-svg")
    page.click("#sadal-example")
    expect(page.locator("#sadal-age")).to_be_visible()
    opened(page)
    page.locator("#sadal-map-kind input").click()
    page.get_by_role("option", name="PCA, linear").click()
    page.wait_for_selector('.sadal-map[data-ready="pca/after"]')
    animated = "(figure) => figure.layout?.transition || figure._transitioning"
    assert not page.evaluate(f"[...document.querySelectorAll('.js-plotly-plot')].some({animated})")
    longest = dict[str, float]()
    for kind, ms in page.evaluate("window.moved"):
        longest[kind] = max(ms, longest.get(kind, 0))
    context.close()
    return longest


def test_nothing_moves_for_those_who_asked_their_system_for_that(
    browser: Browser, server: Server
) -> None:
    longest = movements(browser, server, "reduce")
    assert {kind: ms for kind, ms in longest.items() if ms >= STILL_MS} == {}


def test_for_all_others_things_move_as_ever(browser: Browser, server: Server) -> None:
    longest = movements(browser, server, "no-preference")
    assert set(longest) == {"script", "transition", "animation", "waiting"}
    assert {kind: ms for kind, ms in longest.items() if ms < SEEN_MS} == {}
