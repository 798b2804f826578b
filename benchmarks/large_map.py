"""What the map of a large gallery costs: seconds to build it and bytes to send; prints JSON.

    .venv/bin/python benchmarks/large_map.py --out results/benchmark-large-map.json

The bundled gallery is repeated up to each size, its points moved a little. Measured are the whole
map, a part of it that holds one point in a hundred, and, for comparison, all points drawn.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from gallery import enlarged  # noqa: E402

from app.components.figure import figure_data  # noqa: E402
from app.detail import MOST_DRAWN, Window, drawn_samples  # noqa: E402
from app.scene import in_view, scene  # noqa: E402
from app.view import View  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.files import write_json  # noqa: E402
from sadal_core.gallery.stored import BUNDLED_GALLERY, Gallery, load_gallery  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000)
_REPEATS = 3


def around(gallery: Gallery, share: float = 0.01) -> Window:
    """A part of the map around one sample, with this share of all of them."""
    places = gallery.maps["after-umap"]
    size = np.ptp(places, axis=0)
    farthest = np.abs((places - places[0]) / size).max(axis=1)
    half = size * np.quantile(farthest, share)
    (left, bottom), (right, top) = (places[0] - half).tolist(), (places[0] + half).tolist()
    return Window((left, bottom), (right, top))


def cost(build: Callable[[], list[Any]]) -> dict[str, float]:
    """Median seconds and bytes of the figures that `build` gives."""
    seconds, size = [], 0
    for _ in range(_REPEATS):
        start = time.perf_counter()
        size = len(json.dumps([figure_data(figure) for figure in build()]))
        seconds.append(time.perf_counter() - start)
    return {"seconds": statistics.median(seconds), "mb": size / 2**20}


def measured(bundled: Gallery, count: int) -> dict[str, Any]:
    """The map of a gallery of `count` samples."""
    print(f"{count:,} samples ...", file=sys.stderr)
    gallery, view = enlarged(bundled, count), View()
    window = around(gallery)
    part = in_view(gallery, view, window)
    everything = drawn_samples(gallery.ages, gallery.maps["after-umap"], most=count)
    return {
        "samples": count,
        "drawn": len(in_view(gallery, view).rows),
        "in_part": part.in_view,
        "drawn_in_part": len(part.rows),
        "whole": cost(lambda: scene(gallery, view, in_view(gallery, view))),
        "part": cost(lambda: scene(gallery, view, in_view(gallery, view, window))),
        "all_points": cost(lambda: scene(gallery, view, everything)),
    }


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--out", type=Path, help="result file")
    options = parser.parse_args()
    bundled = load_gallery(BUNDLED_GALLERY)
    record = {
        "command": "python benchmarks/large_map.py",
        "revision": revision(),
        "machine": {"cores": os.cpu_count(), "processor": platform.machine()},
        "most_drawn": MOST_DRAWN,
        "rows": [measured(bundled, count) for count in sorted(options.sizes)],
    }
    print(json.dumps(record, indent=2))
    if options.out:
        write_json(options.out, record)


if __name__ == "__main__":
    main()
