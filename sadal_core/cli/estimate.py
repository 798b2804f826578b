"""Estimate the age of every face in pictures, folders and zip files."""

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sadal_core.batch import COLUMNS, PictureResult, estimate_pictures, find_pictures
from sadal_core.cli.datasets import add_model_argument
from sadal_core.files import replacing
from sadal_core.pipeline import AgeEstimator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `estimate`."""
    parser.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH",
        help="picture, folder (searched with all its subfolders) or zip file",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="one row per face")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    add_model_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Estimate, write and print; 0 when at least one picture was read, otherwise 2."""
    estimator = AgeEstimator.from_folder(options.model)
    pictures = list(find_pictures(options.paths))
    bar = tqdm(total=len(pictures), unit="picture", disable=None)
    results = _counted(estimate_pictures(estimator, pictures), bar)
    rows: list[dict[str, Any]] = []
    read = 0
    for result in results:
        rows.extend(result.rows)
        read += result.was_read
    bar.close()
    if options.out:
        _write_csv(options.out, rows)
    if options.json:
        print(json.dumps(rows, indent=2))
    elif not options.out:
        writer = csv.DictWriter(sys.stdout, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    if not read:
        print("None of the pictures could be read; the column error says why.", file=sys.stderr)
        return 2
    return 0


def _counted(results: Iterator[PictureResult], bar: Any) -> Iterator[PictureResult]:
    for result in results:
        bar.update(1)
        yield result


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
