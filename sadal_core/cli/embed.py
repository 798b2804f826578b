"""Write age, features and embedding of every face of a large collection as Parquet."""

import argparse
from pathlib import Path

from sadal_core.cli.collecting import add_collection_arguments, collect
from sadal_core.collection.run import Wanted
from sadal_core.collection.table import PRECISIONS, VECTORS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `embed`."""
    add_collection_arguments(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder to fill; resumable"
    )
    parser.add_argument(
        "--vectors", nargs="+", choices=VECTORS, default=["embedding"],
        help="what to store of each face beside its age (default: embedding)",
    )  # fmt: skip
    parser.add_argument(
        "--bits", type=int, choices=PRECISIONS, default=32,
        help="of each number of a vector (default: %(default)s)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Fill the folder; 0 when at least one picture was read, otherwise 2."""
    return collect(
        options,
        Wanted(
            "embed", options.paths, options.out, options.model, options.vectors, options.bits,
            options.shard_size,
        ),
    )  # fmt: skip
