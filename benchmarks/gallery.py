"""Speed of galleries and of the map, measured in one run; prints JSON.

    .venv/bin/python benchmarks/gallery.py --out results/benchmark-gallery.json

The page is timed in headless Chromium with software rendering, so a graphics card is faster. The
galleries of 20,000 and 100,000 points are the bundled one with its vectors and places repeated and
moved a little: what is timed is how drawing and looking grow, not what the map shows.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Page, TimeoutError  # noqa: E402

from benchmarks.page import chromium, served  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.files import write_json  # noqa: E402
from sadal_core.gallery.build import Faces, Training, build_gallery  # noqa: E402
from sadal_core.gallery.faithfulness import faithfulness  # noqa: E402
from sadal_core.gallery.maps import MapSettings, umap_of  # noqa: E402
from sadal_core.gallery.placement import place  # noqa: E402
from sadal_core.gallery.query import near  # noqa: E402
from sadal_core.gallery.stored import (  # noqa: E402
    BUNDLED_GALLERY,
    Gallery,
    Sheet,
    load_gallery,
    save_gallery,
)
from sadal_core.manifest import BUNDLED_MODEL  # noqa: E402
from sadal_core.training.metric.config import MetricConfig  # noqa: E402
from sadal_core.weights import load_model  # noqa: E402

_REPEATS = 15
_POINTS = (20_000, 100_000)
_HOVERS = 20
_DRAGS = 90
_CLICKS = 12
_READY = ".sadal-map[data-ready]"


def median_ms(action: Callable[[], object], repeats: int = _REPEATS) -> float:
    """Median milliseconds of an action, after one run that warms up."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def enlarged(gallery: Gallery, count: int) -> Gallery:
    """The gallery with its samples repeated up to `count`, moved a little; without epochs."""
    rng = np.random.default_rng(0)
    rows = np.arange(count) % len(gallery)
    vectors = gallery.embeddings[rows]
    vectors = vectors + rng.normal(scale=0.01, size=vectors.shape).astype(np.float32)
    return replace(
        gallery,
        ids=np.array([f"{gallery.ids[row]}#{place}" for place, row in enumerate(rows)]),
        ages=gallery.ages[rows],
        features=gallery.features[rows],
        embeddings=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        neighbours=gallery.neighbours[rows],
        maps={
            name: places[rows] + rng.normal(scale=0.05, size=(count, places.shape[1])).astype("f4")
            for name, places in gallery.maps.items()
        },
        epochs=None,
    )


def placing(gallery: Gallery) -> dict[str, Any]:
    """One point placed by neighbours and by UMAP's transform, and their agreement as stored."""
    print("fitting UMAP once more, to time its transform ...", file=sys.stderr)
    settings = MapSettings(**gallery.about["maps"]["umap"])
    start = time.perf_counter()
    fitted = umap_of(gallery.embeddings, 2, settings)
    fit_s = time.perf_counter() - start
    point = gallery.negative_embeddings[:1]
    ours = median_ms(lambda: place(point, gallery.embeddings, gallery.maps["after-umap"]))
    theirs = median_ms(lambda: fitted.transform(point))
    return {
        "place_ms": ours,
        "umap_transform_ms": theirs,
        "ratio": theirs / ours,
        "umap_fit_seconds": fit_s,
        "agreement": gallery.about["maps"]["agreement"],
    }


def building(gallery: Gallery) -> dict[str, Any]:
    """Seconds for each 1,000 faces: all of a gallery but crops, features and epochs, and parts."""
    print("building the gallery once more ...", file=sys.stderr)
    model, _ = load_model(BUNDLED_MODEL)
    metric = model.metric
    assert metric is not None
    raw = gallery.features / metric.scale.numpy() + metric.mean.numpy()
    faces = Faces(gallery.ids, gallery.ages, raw)
    settings = MapSettings(**gallery.about["maps"]["umap"])
    training = Training(MetricConfig(**gallery.about["config"]).objective)
    rng = np.random.default_rng(0)
    timed = {}
    for name, action in {
        "whole": lambda: build_gallery(metric, training, faces, settings),
        "umap_2d": lambda: umap_of(gallery.embeddings, 2, settings),
        "faithfulness": lambda: faithfulness(gallery.embeddings, gallery.maps["after-umap"], rng),
        "place_negatives": lambda: place(
            gallery.negative_embeddings, gallery.embeddings, gallery.maps["after-umap"]
        ),
    }.items():
        start = time.perf_counter()
        action()
        timed[name] = 1000 * (time.perf_counter() - start) / len(gallery)
    return timed


def looking(gallery: Gallery) -> dict[str, float]:
    """Milliseconds to find the neighbours of one sample, on the server."""
    return {
        "neighbours_ms": median_ms(
            lambda: near(gallery.embeddings[7], gallery.embeddings, 8, without=7)
        )
    }


def in_the_browser(url: str) -> dict[str, float]:
    """Milliseconds of what a visitor waits for on the map."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        page.wait_for_selector("#sadal-panel .sadal-panel")
        start = time.perf_counter()
        page.get_by_role("tab", name="Metric space").click()
        page.wait_for_selector(_READY)
        opened = 1000 * (time.perf_counter() - start)
        return {
            "open_first_time_ms": opened,
            "redraw_ms": page.evaluate(_REDRAW),
            "hover_to_picture_ms": hover_ms(page),
            "click_to_neighbours_ms": click_ms(page),
            "drag_frames_per_second": drag_frames(page),
        }


_REDRAW = """async () => {
    const div = document.querySelector(".sadal-map-plot"), times = [];
    for (let n = 0; n < 7; n++) {
        const start = performance.now();
        await window.Plotly.react(div, div.data.map((t) => ({ ...t })), { ...div.layout });
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[3];
}"""
# From the mouse event to a card that is shown with another sample, in the browser's own clock.
_COUNT = """() => {
    window.sadalFrames = [];
    const note = (time) => {
        window.sadalFrames.push(time);
        window.sadalCounting = requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
}"""
_WATCH = """() => {
    window.sadalTimes = [];
    const card = document.querySelector(".sadal-card");
    let moved = 0;
    document.addEventListener("mousemove", () => { moved = performance.now(); }, true);
    new MutationObserver(() => {
        if (!card.hidden && moved) { window.sadalTimes.push(performance.now() - moved); moved = 0; }
    }).observe(card, { attributes: true });
}"""


def drag_frames(page: Page) -> float:
    """Frames per second while the map is dragged, which moves points out of view."""
    box = page.locator(f"{_READY} .nsewdrag").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(_COUNT)
    for step in range(_DRAGS):
        page.mouse.move(x + step, y + step / 2)
    times = page.evaluate("() => (cancelAnimationFrame(window.sadalCounting), window.sadalFrames)")
    page.mouse.up()
    return 1000 * (len(times) - 1) / (times[-1] - times[0])


def hover_ms(page: Page) -> float:
    """Median milliseconds from a mouse movement to the picture of the point under it."""
    page.evaluate(_WATCH)
    for step in range(_HOVERS):
        page.mouse.move(*_pixel(page, 11 * step))
        page.wait_for_timeout(120)
    return statistics.median(page.evaluate("window.sadalTimes"))


def click_ms(page: Page) -> float:
    """Median milliseconds from a click to another point's neighbours on the page."""
    times = []
    for step in range(_CLICKS):
        before = page.evaluate(_PICKED)
        start = time.perf_counter()
        page.mouse.click(*_pixel(page, 97 * step + 5))
        try:
            page.wait_for_function(f"(told) => ({_PICKED})() !== told", arg=before, timeout=5000)
        except TimeoutError:  # the point that was picked lies on top of this one
            continue
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times[1:])


# What the page says was picked, without Gradio's note that it is still at it.
_PICKED = """() => {
    const told = document.querySelector("#sadal-picked").innerText;
    return (told.match(/(Real sample|Generated) .*/) ?? [""])[0];
}"""


def _pixel(page: Page, row: int) -> tuple[float, float]:
    x, y = page.evaluate(
        """(row) => {
            const div = document.querySelector(".sadal-map-plot"), trace = div._fullData[0];
            const frame = div.querySelector(".nsewdrag").getBoundingClientRect();
            const { xaxis, yaxis } = div._fullLayout;
            return [frame.left + xaxis.l2p(trace.x[row]), frame.top + yaxis.l2p(trace.y[row])];
        }""",
        row,
    )
    return x, y


def with_points(gallery: Gallery, count: int) -> dict[str, dict[str, float]]:
    """The same of a gallery with so many points."""
    print(f"{count:,} points ...", file=sys.stderr)
    assert gallery.sheet is not None
    pictures = gallery.about["pictures"]
    sheet = Sheet(
        np.asarray(Image.open(gallery.sheet).convert("RGB")), pictures["columns"], pictures["tile"]
    )
    large = enlarged(gallery, count)
    with tempfile.TemporaryDirectory() as folder:
        save_gallery(large, sheet, Path(folder))
        with served(7972, "--gallery", folder) as page:
            return {
                f"server_{count}_points": looking(large),
                f"browser_{count}_points": in_the_browser(page.url),
            }


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    gallery = load_gallery(BUNDLED_GALLERY)
    figures: dict[str, Any] = {
        "command": "python benchmarks/gallery.py",
        "revision": revision(),
        "points": {"real": len(gallery), "generated_drawn": min(gallery.generated, 3000)},
        "placing": placing(gallery),
        "building_seconds_per_1000_faces": building(gallery),
        "server": looking(gallery),
    }
    with served(7971) as page:
        figures["browser"] = in_the_browser(page.url)
    for count in _POINTS:
        figures |= with_points(gallery, count)
    print(json.dumps(figures, indent=2))
    if options.out:
        write_json(options.out, figures)


if __name__ == "__main__":
    main()
