"""Throughput and peak memory of `embed` on collections of growing size; prints JSON.

    .venv/bin/python benchmarks/collection.py --out results/benchmark-collections.json

The pictures are small and few, given many names by hard links: a public-domain photograph in 160 px
and many shades, every twentieth time noise without a face. Each size is a process of its own, so
that its peak memory is its own; the same command is then given again, and finds all shards there.
With `--cores 0` it keeps to that core and leaves the others to other work.
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
from typing import Any, NamedTuple

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
        cv2.imwrite(str(made[-1]), noise if number % 20 == 3 else shade[:, :, ::-1])
    return made


def linked(folder: Path, files: list[Path], count: int) -> None:
    """`count` names for the pictures, in folders of a thousand."""
    for number in range(count):
        place = folder / f"{number // _IN_A_FOLDER:04d}"
        place.mkdir(exist_ok=True)
        os.link(files[number % len(files)], place / f"{number:07d}.jpg")


class Used(NamedTuple):
    """What a command took: seconds on the clock, seconds of all its threads, most memory in MB."""

    seconds: float
    processor_s: float
    peak_mb: float


def run(command: list[str]) -> Used:
    """Run a command to its end; the benchmark ends with it where it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with status {process.returncode}.")
    seconds = time.perf_counter() - start
    return Used(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def measured(files: list[Path], root: Path, count: int, cores: int) -> dict[str, Any]:
    """One collection of `count` pictures."""
    print(f"{count:,} pictures ...", file=sys.stderr)
    pictures, out = root / f"pictures-{count}", root / f"out-{count}"
    pictures.mkdir()
    linked(pictures, files, count)
    command = [sys.executable, "-m", "sadal_core", "embed", str(pictures), "--out", str(out),
               "--workers", str(cores)]  # fmt: skip
    first, again = run(command), run(command)
    stored = sum(path.stat().st_size for path in (out / "shards").iterdir())
    return {
        "pictures": count,
        "faces": read_sealed(out / MANIFEST)["faces"],
        "seconds": first.seconds,
        "pictures_per_second": count / first.seconds,
        "processor_ms_per_picture": 1000 * first.processor_s / count,
        "peak_memory_mb": first.peak_mb,
        "again_s": again.seconds,
        "again_peak_memory_mb": again.peak_mb,
        "stored_mb": stored / 2**20,
    }


def changed(options: argparse.Namespace) -> list[str]:
    """Options that were given, as they stand in the record."""
    asked = {"--sizes": (options.sizes, SIZES), "--cores": (options.cores, _all_cores())}
    return [
        " ".join([name, *map(str, given)])
        for name, (given, usual) in asked.items()
        if list(given) != list(usual)
    ]


def _all_cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument(
        "--cores", type=int, nargs="+", default=_all_cores(), metavar="C",
        help="numbers of the cores to use; default: all",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, help="result file")
    options = parser.parse_args()
    known = _all_cores()
    if not set(options.cores) <= set(known):
        parser.error(f"--cores takes some of {' '.join(map(str, known))}.")
    if min(options.sizes) < 1:
        parser.error("--sizes takes numbers of at least 1.")
    command = " ".join(["python benchmarks/collection.py", *changed(options)])
    os.sched_setaffinity(0, options.cores)
    cores = len(set(options.cores))
    with tempfile.TemporaryDirectory() as folder:
        files = originals(Path(folder))
        record = {
            "command": command,
            "revision": revision(),
            "machine": {"cores": cores, "processor": platform.machine()},
            "rows": [
                measured(files, Path(folder), count, cores) for count in sorted(options.sizes)
            ],
        }
    print(json.dumps(record, indent=2))
    if options.out:
        write_json(options.out, record)


if __name__ == "__main__":
    main()
