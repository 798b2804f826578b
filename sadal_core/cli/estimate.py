"""Estimate the age of every face in pictures, folders and zip files."""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from sadal_core.batch import COLUMNS, estimate_pictures, find_pictures
from sadal_core.cli.collecting import NONE_READ, add_collection_arguments, check_workers, collect
from sadal_core.collection.run import Wanted
from sadal_core.errors import ConfigError
from sadal_core.files import replacing
from sadal_core.pipeline import AgeEstimator

Row = dict[str, Any]
Write = Callable[[Row], object]
_TABLE: Final = ".csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `estimate`."""
    add_collection_arguments(parser)
    parser.add_argument(
        "--out", type=Path, metavar="FILE.csv|DIR",
        help="one row per face: a table, or a folder of Parquet files that can be resumed",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")


def is_table(out: Path) -> bool:
    """Whether `--out` names a table; any other name is that of a folder."""
    return out.suffix.lower() == _TABLE


def run(options: argparse.Namespace) -> int:
    """Estimate, write and print; 0 when at least one picture was read, otherwise 2."""
    if options.out is not None and not is_table(options.out):
        if options.json:
            raise ConfigError(f"--json prints rows, and {options.out} is a folder: give one.")
        wanted = Wanted(
            "estimate", options.paths, options.out, options.model, shard_size=options.shard_size
        )
        return collect(options, wanted)
    if options.processes or options.ray is not None:
        raise ConfigError("--processes and --ray fill a folder. Name one with --out DIR.")
    check_workers(options)
    return _run_rows(options)


def _run_rows(options: argparse.Namespace) -> int:
    estimator = AgeEstimator.from_folder(options.model)
    pictures, read = list(find_pictures(options.paths)), 0
    with ExitStack() as stack:
        writes: list[Write] = []
        if options.out:
            writes.append(stack.enter_context(_table(options.out)))
        if options.json:
            writes.append(stack.enter_context(_json()))
        elif not options.out:
            writes.append(_csv(sys.stdout))
        bar = stack.enter_context(tqdm(total=len(pictures), unit="picture", disable=None))
        for result in estimate_pictures(estimator, pictures, workers=options.workers):
            for row in result.rows:
                for write in writes:
                    write(row)
            read += result.was_read
            bar.update()
    if not read:
        print(NONE_READ, file=sys.stderr)
        return 2
    return 0


def _csv(file: Any) -> Write:
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    return writer.writerow


@contextmanager
def _table(path: Path) -> Iterator[Write]:
    """Rows into a table at `path`, which takes its name when all are written."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        yield _csv(file)


@contextmanager
def _json() -> Iterator[Write]:
    """Rows onto standard output as one list, each printed as it comes."""
    separator = "["

    def write(row: Row) -> None:
        nonlocal separator
        text = json.dumps(row, indent=2).replace("\n", "\n  ")
        print(f"{separator}\n  {text}", end="")
        separator = ","

    yield write
    print("\n]" if separator == "," else "[]")
