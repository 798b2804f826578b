"""Export a gallery for other tools: embedding-atlas, TensorBoard's projector, a spreadsheet."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sadal_core.gallery.export import write_csv, write_parquet, write_projector
from sadal_core.gallery.stored import Gallery, load_gallery


class _Format(NamedTuple):
    """How a format is written, under which name, and how the result is opened."""

    write: Callable[[Gallery, Path], None]
    name: str
    opened: str


FORMATS = {
    "parquet": _Format(
        write_parquet,
        "gallery.parquet",
        "embedding-atlas {} --x projection_x --y projection_y --neighbors neighbors",
    ),
    "csv": _Format(write_csv, "gallery.csv", ""),
    "projector": _Format(write_projector, "projector", "tensorboard --logdir {}"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `export`."""
    parser.add_argument("--gallery", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--format", nargs="+", choices=list(FORMATS), default=list(FORMATS), dest="formats",
        help="what to write (default: all)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Write the files and say what opens them."""
    gallery = load_gallery(options.gallery)
    print(f"{len(gallery)} faces and {gallery.generated} generated negatives:")
    for wanted in dict.fromkeys(options.formats):
        write, name, opened = FORMATS[wanted]
        path = options.out / name
        write(gallery, path)
        print(f"{path}    {opened.format(path)}".rstrip())
    return 0
