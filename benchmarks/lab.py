"""What the lab's presets come to, and speed and memory of the Train view, in one run; prints JSON.

    .venv/bin/python benchmarks/lab.py --out results/benchmark-lab.json

Server and headless Chromium with software rendering share the cores, as they do on a laptop; with
four visitors Chromium draws four pages. "core" is the same training without a page.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page  # noqa: E402

from benchmarks.page import Served, chromium, served  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.files import write_json  # noqa: E402
from sadal_core.gallery.stored import BUNDLED_GALLERY, load_gallery  # noqa: E402
from sadal_core.lab.faces import LAB_DATA  # noqa: E402
from sadal_core.lab.presets import PRESETS  # noqa: E402
from sadal_core.lab.state import LabState  # noqa: E402

_SECONDS = 10
_TURNS = 60
_VISITORS = 4
_ROUNDS = 6  # of visitors who come and go
_MOVES = 8
_PAUSE_MS = 800  # between two of them, so that the page is at rest


def core(data: str) -> float:
    """Turns in a second, records included, without a page."""
    gallery = load_gallery(BUNDLED_GALLERY) if data == "faces" else None
    lab = LabState.of(data, "corrected").lab(gallery)
    lab.take()
    start = time.perf_counter()
    for _ in range(_TURNS):
        lab.take()
    return _TURNS / (time.perf_counter() - start)


def presets() -> list[dict[str, Any]]:
    """What every preset has come to after 100 turns, on both data."""
    print("taking 100 turns of every preset ...", file=sys.stderr)
    gallery = load_gallery(BUNDLED_GALLERY)
    rows = []
    for data in LAB_DATA:
        for name in PRESETS:
            lab = LabState.of(data, name, "100b").lab(gallery)
            rows.append({"data": data, "preset": name, **lab.records[-1]})
    return rows


def arrive(browser: Browser, url: str, query: str) -> Page:
    """A new visitor at a state of the page."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{url}?{query}")
    return page


def training(browser: Browser, url: str, data: str) -> Page:
    """A new visitor whose lab is playing as fast as it goes."""
    page = arrive(browser, url, f"view=train&data={data}&preset=corrected")
    page.wait_for_selector(".sadal-lab[data-turn]")
    page.locator(".sadal-lab-bar select").select_option("fast")
    page.locator(".sadal-lab-bar").get_by_role("button", name="Play").click()
    page.wait_for_function("Number(document.querySelector('.sadal-lab').dataset.turn) > 3")
    return page


def turn(page: Page) -> int:
    """Turns that a lab has taken."""
    return int(page.locator(".sadal-lab-bar output").inner_text().split()[1])


def rates(pages: list[Page]) -> list[float]:
    """Turns in a second of each visitor, over the same time."""
    before = [(turn(page), time.perf_counter()) for page in pages]
    pages[0].wait_for_timeout(1000 * _SECONDS)
    after = [(turn(page), time.perf_counter()) for page in pages]
    return [(n - m) / (t - s) for (m, s), (n, t) in zip(before, after, strict=True)]


# From the input event of a slider until what is drawn is another picture, in the browser's own
# clock; redrawing the same, and clearing the place for it, do not count.
_WATCH = """([slider, watched, drawn, attribute]) => {
    window.sadalTimes = [];
    let moved = 0, before = "";
    const place = document.querySelector(watched);
    const signature = () => [place, ...place.querySelectorAll(drawn)]
        .filter((one) => one.matches(drawn)).map((one) => one.getAttribute(attribute)).join();
    const input = () => { moved = performance.now(); before = signature(); };
    document.querySelector(slider).addEventListener("input", input, true);
    new MutationObserver(() => {
        const now = moved ? signature() : "";
        if (!now || now === before) return;
        window.sadalTimes.push(performance.now() - moved);
        moved = 0;
    }).observe(place, {
        subtree: true, childList: true, attributes: true, attributeFilter: [attribute],
    });
}"""


class Drawn(NamedTuple):
    """What tells one picture from another.

    Attributes:
        place: selector of the part that is drawn in.
        marks: selector of what is drawn.
        attribute: of it, that is another in another picture.
    """

    place: str
    marks: str
    attribute: str


def slider_ms(page: Page, slider: str, drawn: Drawn) -> float:
    """Median milliseconds from a move of a slider to another picture."""
    handle = page.locator(f"{slider} input[type=range]")
    page.evaluate(_WATCH, [f"{slider} input[type=range]", *drawn])
    handle.focus()
    for move in range(_MOVES):
        page.keyboard.press("ArrowRight")
        page.wait_for_function("moves => window.sadalTimes.length === moves", arg=move + 1)
        page.wait_for_timeout(_PAUSE_MS)
    return statistics.median(page.evaluate("window.sadalTimes"))


def q_slider_ms(browser: Browser, url: str) -> float:
    """The same for τ of the Similarity Q view, which redraws the demanded distance."""
    page = arrive(browser, url, "view=q&L=5")
    page.wait_for_selector("#sadal-q-figure .scatterlayer path.js-line")
    page.wait_for_timeout(2000)
    measured = slider_ms(page, "#sadal-q-tau", Drawn("#sadal-q-figure", "path.js-line", "d"))
    page.context.close()
    return measured


def train_slider_ms(browser: Browser, url: str) -> float:
    """The same for τ of the Train view on the toy, which starts the training over."""
    page = arrive(browser, url, "view=train&data=toy")
    page.wait_for_selector(".sadal-lab[data-turn]")
    page.get_by_role("button", name="All settings").click()
    page.wait_for_timeout(1000)
    measured = slider_ms(page, "#sadal-lab-tau", Drawn(".sadal-lab", ".sadal-lab", "data-run"))
    page.context.close()
    return measured


def sliders(browser: Browser, url: str) -> dict[str, float]:
    """Both."""
    return {"similarity": q_slider_ms(browser, url), "train": train_slider_ms(browser, url)}


def memory_mb(pid: int) -> float:
    """Memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the process is gone")


def memory(browser: Browser, page: Served, visitors: int) -> dict[str, Any]:
    """Memory of the server with so many trainings, and after their tabs were closed, repeatedly.

    What a closed tab has freed stays with the process, which gives it to whoever comes next: where
    the memory of all rounds but the first is the same, nothing of a visitor is left.
    """
    warm = training(browser, page.url, "faces")
    warm.context.close()
    time.sleep(3)
    before = memory_mb(page.pid)
    during, after = [], []
    for _ in range(_ROUNDS):
        pages = [training(browser, page.url, "faces") for _ in range(visitors)]
        pages[0].wait_for_timeout(3000)
        during.append(memory_mb(page.pid))
        for one in pages:
            one.context.close()
        time.sleep(5)
        after.append(memory_mb(page.pid))
    return {
        "before_mb": before,
        "with_trainings_mb": during,
        "after_closing_mb": after,
    }


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    figures: dict[str, Any] = {
        "revision": revision(),
        "presets": presets(),
        "core_turns_per_second": {data: core(data) for data in ("faces", "toy")},
    }
    with served(7973) as page, chromium() as browser:
        figures["slider_to_curve_ms_at_rest"] = sliders(browser, page.url)
        one = training(browser, page.url, "faces")
        figures["one_visitor_turns_per_second"] = rates([one])[0]
        figures["slider_to_curve_ms_while_training"] = sliders(browser, page.url)
        pages = [one, *(training(browser, page.url, "faces") for _ in range(_VISITORS - 1))]
        figures["four_visitors_turns_per_second"] = rates(pages)
        for other in pages:
            other.context.close()
        figures["memory"] = memory(browser, page, _VISITORS)
    print(json.dumps(figures, indent=2))
    if options.out:
        write_json(options.out, figures)


if __name__ == "__main__":
    main()
