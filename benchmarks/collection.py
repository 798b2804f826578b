"""Throughput and peak memory of `embed` on collections of growing size; prints JSON.

    .venv/bin/python benchmarks/collection.py --out results/benchmark-collections.json

The pictures are small and few, given many names by hard links: a public-domain photograph in 160 px
and many shades, and every fourth time noise without a face. Each size is a process of its own, so
that its peak memory is its own; the same command is then given again, and finds all shards there.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from skimage.data import astronaut  # noqa: E402

from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.collection.folder import MANIFEST  # noqa: E402
from sadal_core.files import write_json  # noqa: E402
from sadal_core.kept import read_sealed  # noqa: E402

SIZES = (1_000, 10_000, 100_000)
_DIFFERENT, _SIDE, _IN_A_FOLDER = 200, 160, 1000


def originals(folder: Path) -> list[Path]:
    """Pictures of which all others are links."""
    rng = np.random.default_rng(0)
    face = cv2.resize(astronaut(), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    made = []
    for number in range(_DIFFERENT):
        shade = cv2.convertScaleAbs(face, alpha=float(rng.uniform(0.6, 1.2)))
        noise = rng.integers(0, 255, (_SIDE, _SIDE, 3), dtype=np.uint8)
        made.append(folder / f"original-{number:03d}.jpg")
        cv2.imwrite(str(made[-1]), noise if number % 4 == 3 else shade[:, :, ::-1])
    return made


def linked(folder: Path, files: list[Path], count: int) -> None:
    """`count` names for the pictures, in folders of a thousand."""
    for number in range(count):
        place = folder / f"{number // _IN_A_FOLDER:04d}"
        place.mkdir(exist_ok=True)
        os.link(files[number % len(files)], place / f"{number:07d}.jpg")


def run(command: list[str]) -> tuple[float, float]:
    """Seconds of a command and the most memory its process held, in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with status {process.returncode}.")
    return time.perf_counter() - start, used.ru_maxrss / 1024


def measured(files: list[Path], root: Path, count: int) -> dict[str, Any]:
    """One collection of `count` pictures."""
    print(f"{count:,} pictures ...", file=sys.stderr)
    pictures, out = root / f"pictures-{count}", root / f"out-{count}"
    pictures.mkdir()
    linked(pictures, files, count)
    command = [sys.executable, "-m", "sadal_core", "embed", str(pictures), "--out", str(out)]
    seconds, peak = run(command)
    again, peak_again = run(command)
    stored = sum(path.stat().st_size for path in (out / "shards").iterdir())
    return {
        "pictures": count,
        "faces": read_sealed(out / MANIFEST)["faces"],
        "seconds": seconds,
        "pictures_per_second": count / seconds,
        "peak_memory_mb": peak,
        "again_s": again,
        "again_peak_memory_mb": peak_again,
        "stored_mb": stored / 2**20,
    }


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--out", type=Path, help="result file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = originals(Path(folder))
        record = {
            "command": "python benchmarks/collection.py",
            "revision": revision(),
            "machine": {"cores": os.cpu_count(), "processor": platform.machine()},
            "rows": [measured(files, Path(folder), count) for count in sorted(options.sizes)],
        }
    print(json.dumps(record, indent=2))
    if options.out:
        write_json(options.out, record)


if __name__ == "__main__":
    main()
