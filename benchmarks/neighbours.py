"""Recall and time of approximate neighbours against exact ones; prints JSON.

    .venv/bin/python benchmarks/neighbours.py --out results/benchmark-neighbours.json

So many embeddings of real faces are not at hand. The points lie between an embedding of the
bundled gallery and one of its 15 nearest, drawn evenly from the line between them and moved in a
random direction by a share of its length, a tenth unless `--noise` says otherwise. So they have
the gallery's dimension, clusters and spread; with little noise they lie in threads, which makes it
easy for a search. Recall is the mean share of the 15 exact neighbours that were found, measured
on 1,000 points, exact search on all of them being what is to be avoided.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.files import write_json  # noqa: E402
from sadal_core.gallery.query import near  # noqa: E402
from sadal_core.gallery.stored import BUNDLED_GALLERY, Gallery, load_gallery  # noqa: E402
from sadal_core.neighbours import Index, approximately, exactly, recall  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000)
K, MEASURED, CLICKS, NOISE = 15, 1000, 7, 0.1


def resampled(gallery: Gallery, count: int, rng: np.random.Generator, noise: float) -> np.ndarray:
    """So many points of unit length between neighbouring embeddings of the gallery."""
    made = np.empty((count, gallery.embeddings.shape[1]), np.float32)
    for start in range(0, count, 100_000):
        rows = rng.integers(0, len(gallery), min(100_000, count - start))
        others = gallery.neighbours[rows, rng.integers(0, gallery.neighbours.shape[1], len(rows))]
        ends = gallery.embeddings[rows], gallery.embeddings[others]
        aside = rng.normal(size=ends[0].shape)
        aside *= noise * _length(ends[1] - ends[0]) / _length(aside)
        points = ends[0] + rng.random((len(rows), 1)) * (ends[1] - ends[0]) + aside
        made[start : start + len(rows)] = points / _length(points)
    return made


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=1, keepdims=True)


def timed(action: Callable[[], Any]) -> tuple[Any, float]:
    """What an action gives, and its seconds."""
    start = time.perf_counter()
    made = action()
    return made, time.perf_counter() - start


def measured(gallery: Gallery, count: int, noise: float) -> dict[str, Any]:
    """Recall, seconds and memory with `count` samples."""
    print(f"{count:,} samples ...", file=sys.stderr)
    rng = np.random.default_rng(count)
    space, new = (resampled(gallery, size, rng, noise) for size in (count, MEASURED))
    some = np.sort(rng.permutation(count)[:MEASURED])
    exact, exact_s = timed(lambda: _others(exactly(space, K + 1, space[some]), some))
    index, index_s = timed(lambda: Index(space, K))
    found = index.of_samples()
    index.of(new[:1])  # makes the index ready, once
    asked, query_s = timed(lambda: index.of(new))
    clicks = [timed(lambda row=row: near(space[row], space, 8, without=row))[1]
              for row in some[:CLICKS]]  # fmt: skip
    return {
        "samples": count,
        "exact_ms_per_point": 1000 * exact_s / MEASURED,
        "approximate_s": index_s,
        "recall": recall(found[some], exact),
        "query_ms_per_point": 1000 * query_s / MEASURED,
        "query_recall": recall(asked, exactly(space, K, new)),
        "click_ms": 1000 * statistics.median(clicks),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _others(found: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Neighbours without the point itself."""
    return np.array([row[row != own][:K] for row, own in zip(found, rows, strict=True)])


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--noise", type=float, default=NOISE, metavar="SHARE")
    parser.add_argument("--out", type=Path, help="result file")
    options = parser.parse_args()
    gallery = load_gallery(BUNDLED_GALLERY)
    first = resampled(gallery, 5000, np.random.default_rng(0), options.noise)
    approximately(first, K)  # compiles the library
    record = {
        "command": "python benchmarks/neighbours.py"
        + (f" --noise {options.noise:g}" if options.noise != NOISE else ""),
        "revision": revision(),
        "machine": {"cores": os.cpu_count(), "processor": platform.machine()},
        "dim": gallery.embeddings.shape[1],
        "k": K,
        "measured": MEASURED,
        "rows": [measured(gallery, count, options.noise) for count in sorted(options.sizes)],
    }
    print(json.dumps(record, indent=2))
    if options.out:
        write_json(options.out, record)


if __name__ == "__main__":
    main()
