"""The end that benchmarks on real data share: a record in a file, and refusals in one sentence."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sadal_core.cli.datasets import add_data_arguments
from sadal_core.errors import SadalError
from sadal_core.files import check_file, write_json


def data_parser(about: str | None) -> argparse.ArgumentParser:
    """Options that all have: the data, and the file of the record."""
    parser = argparse.ArgumentParser(description=about)
    add_data_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    return parser


def recorded(
    parser: argparse.ArgumentParser,
    measure: Callable[[argparse.Namespace], dict[str, Any]],
    lines: Callable[[dict[str, Any]], Iterator[str]],
) -> int:
    """Measure, write the record, and print its `lines`; exit status 2 for a refusal."""
    options = parser.parse_args()
    try:
        check_file(options.out)
        record = measure(options)
        write_json(options.out, record)
    except SadalError as error:
        print(error, file=sys.stderr)
        return 2
    for line in lines(record):
        print(line)
    return 0
