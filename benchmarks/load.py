"""How much the page bears: many visitors at once, and ten thousand estimates in a row; writes JSON.

    .venv/bin/python benchmarks/load.py --out results/benchmark-load.json

The page runs in processes of its own on this machine and is asked over HTTP, as programs ask it.
Visitors and page share the cores. Each answer is compared with the first one of its picture. What
was refused with a sentence because the page was full has not failed.
"""

import argparse
import asyncio
import math
import os
import platform
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from PIL import Image, ImageOps  # noqa: E402
from tqdm import tqdm  # noqa: E402

from benchmarks.page import Served, held, served  # noqa: E402
from benchmarks.visitors import PATIENCE, Visitors, summary  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.errors import SadalError  # noqa: E402
from sadal_core.files import check_file, write_json  # noqa: E402
from sadal_core.manifest import BUNDLED_MODEL, load_manifest  # noqa: E402

_VISITORS: Final = (1, 8, 32, 64, 100)
_WARM_UP: Final = 20  # questions before the first figure
_LOOK: Final = 0.1  # seconds between two looks at the memory
_SAMPLE: Final = 100  # estimates between two of them in the row
_SKIPPED: Final = 0.1  # of the row, before the slope is taken: caches and pools fill up
_SWEPT: Final = 180.0  # seconds in which the page has deleted every upload, read or not
_TIMES: Final = ("answers_per_second", "median_s", "percentile_99_s")

EXAMPLE: Final = ROOT / "assets" / "examples" / "astronaut.jpg"


def pictures() -> dict[str, bytes]:
    """The example as it is, and in the size of a camera's frame."""
    frame = BytesIO()
    with Image.open(EXAMPLE) as example:
        padded = ImageOps.pad(example.convert("RGB"), (640, 480), color="grey")
    padded.save(frame, "JPEG", quality=90)
    return {"512x512.jpg": EXAMPLE.read_bytes(), "640x480.jpg": frame.getvalue()}


@asynccontextmanager
async def memory_watched(pid: int) -> AsyncIterator[list[int]]:
    """Memory of a process in kB, one entry after the other while the block runs."""
    seen = [held(pid).memory_kb]

    async def look() -> None:
        while True:
            seen.append(held(pid).memory_kb)
            await asyncio.sleep(_LOOK)

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()


async def at_once(
    pid: int, visitors: Visitors, count: int, asked: int, idle: float
) -> dict[str, Any]:
    """`count` visitors who ask at the same time, about `asked` questions together."""
    each = math.ceil(asked / count)
    before = held(pid).memory_kb
    start = time.perf_counter()
    async with memory_watched(pid) as memory:
        stays = [visitors.stay(number, each) for number in range(count)]
        outcomes = [one for stay in await asyncio.gather(*stays) for one in stay]
    seconds = time.perf_counter() - start
    await asyncio.sleep(idle)
    return {
        "visitors": count,
        **summary(outcomes, seconds),
        "memory_mb": {
            "before": before / 1024, "most": max(memory) / 1024,
            "after_idle": held(pid).memory_kb / 1024,
        },
    }  # fmt: skip


async def in_a_row(pid: int, visitors: Visitors, count: int) -> dict[str, Any]:
    """`count` estimates by one visitor, and the memory along the way."""
    outcomes, samples = [], [(0, held(pid).memory_kb)]
    start = time.perf_counter()
    for number in tqdm(range(1, count + 1), desc="in a row"):
        outcomes.append(await visitors.ask(number))
        if number % _SAMPLE == 0:
            samples.append((number, held(pid).memory_kb))
    seconds = time.perf_counter() - start
    return {
        **summary(outcomes, seconds),
        "memory_kb": samples,
        "skipped_estimates": round(_SKIPPED * count),
        "slope_kb_per_1000": slope(samples, _SKIPPED * count),
    }


def slope(samples: Sequence[tuple[int, int]], skipped: float) -> float:
    """Growth in kB with 1,000 estimates, by least squares from the `skipped`th on."""
    estimates, memory = np.array([one for one in samples if one[0] >= skipped]).T
    return float(np.polyfit(estimates / 1000, memory, 1)[0])


async def standing(page: Served, place: Path) -> dict[str, int]:
    """What the page holds once it has deleted every picture, and files in its folder."""
    end = time.monotonic() + _SWEPT
    while any(name.endswith(".jpg") for name in names_in(place)) and time.monotonic() < end:
        await asyncio.sleep(_LOOK)
    return {**held(page.pid)._asdict(), "temporary_files": len(names_in(place))}


def names_in(place: Path) -> list[str]:
    """Names of all files below a folder; the page may be deleting some."""
    return [name for _, _, names in os.walk(place) for name in names]


@asynccontextmanager
async def visited(port: int) -> AsyncIterator[tuple[Served, Visitors, Path]]:
    """A page of its own that has answered a few questions, and its temporary folder."""
    with tempfile.TemporaryDirectory() as place, served(port, temporary=Path(place)) as page:
        async with Visitors(page.url, pictures()) as visitors:
            await visitors.stay(0, _WARM_UP)
            yield page, visitors, Path(place)


async def many_visitors(options: argparse.Namespace) -> dict[str, Any]:
    """Every number of visitors, one after the other on one page."""
    async with visited(options.port) as (page, visitors, place):
        before = await standing(page, place)
        rows = [
            await at_once(page.pid, visitors, count, options.asked, options.idle)
            for count in tqdm(options.visitors, desc="visitors at once")
        ]
        return {"rows": rows, "before": before, "after": await standing(page, place)}


async def one_visitor(options: argparse.Namespace) -> dict[str, Any]:
    """The row, and what the page holds before and after it."""
    async with visited(options.port) as (page, visitors, place):
        before = await standing(page, place)
        row = await in_a_row(page.pid, visitors, options.row)
        return {**row, "before": before, "after": await standing(page, place)}


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Both parts, each with a page that was started for it."""
    return {
        "command": command(options),
        "revision": revision(),
        "model": load_manifest(BUNDLED_MODEL)["sha256"],
        "machine": {"cores": os.cpu_count(), "processor": platform.machine()},
        "settings": {
            "visitors": options.visitors, "asked": options.asked, "row": options.row,
            "idle_s": options.idle, "patience_s": PATIENCE, "warm_up": _WARM_UP,
            "pictures": {name: len(content) for name, content in pictures().items()},
        },
        "at_once": await many_visitors(options),
        "in_a_row": await one_visitor(options),
    }  # fmt: skip


def between(low: int, high: int) -> Any:
    """A kind of argument: a whole number from `low` to `high`."""

    def read(text: str) -> int:
        if not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text} is not between {low} and {high}")
        return int(text)

    return read


def print_table(record: dict[str, Any]) -> None:
    """What was measured, in lines."""
    print("visitors  asked  answered  refused  failed  per s  median s   99 % s  MB after (most)")
    for one in record["at_once"]["rows"]:
        print(
            "{visitors:8} {asked:6} {answered:9} {refused:8} {failed:7}".format(**one),
            "{:6.1f} {:9.2f} {:8.2f}".format(*(one[name] or math.nan for name in _TIMES)),
            " {after_idle:.0f} ({most:.0f})".format(**one["memory_mb"]),
        )
    row = record["in_a_row"]
    print(f"in a row: {row['answered']} of {row['asked']} answered, {row['failed']} failed")
    print(f"memory grows by {row['slope_kb_per_1000']:.0f} kB in 1,000 estimates")
    for part in ("at_once", "in_a_row"):
        print(f"{part}: before {record[part]['before']}, after {record[part]['after']}")


def command(options: argparse.Namespace) -> str:
    """What was typed, but for the file."""
    words = [f"--visitors {' '.join(map(str, options.visitors))}"]
    words += [f"--{name} {getattr(options, name)}" for name in ("asked", "row", "idle")]
    return " ".join(["python benchmarks/load.py", *words])


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line asks for, within bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--visitors", type=between(1, 256), nargs="+", default=list(_VISITORS), metavar="N"
    )
    for name, low, high, default, words in (
        ("--asked", 1, 10_000, 640, "questions of all visitors together"),
        ("--row", 300, 100_000, 10_000, "estimates in a row"),
        ("--idle", 0, 600, 20, "seconds after which the memory is looked at again"),
        ("--port", 1024, 65535, 7950, "of the page"),
    ):
        parser.add_argument(
            name, type=between(low, high), default=default, metavar="N",
            help=f"{words} (default: {default})",
        )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, write and print; the exit status is 1 where a question failed."""
    options = options_of(None)
    try:
        check_file(options.out)
        record = asyncio.run(measure(options))
        write_json(options.out, record)
    except SadalError as problem:
        print(problem, file=sys.stderr)
        return 2
    print_table(record)
    parts = (*record["at_once"]["rows"], record["in_a_row"])
    return 1 if any(one["failed"] for one in parts) else 0


if __name__ == "__main__":
    sys.exit(main())
