"""What `estimate` and `embed` share: options of a large collection, and filling its folder."""

import argparse
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sadal_core.cli.datasets import add_model_argument
from sadal_core.collection.execution import Execute, in_processes, on_threads
from sadal_core.collection.on_ray import LOCAL, on_ray
from sadal_core.collection.run import Open, Wanted, fill, opened
from sadal_core.errors import ConfigError
from sadal_core.model import AgeModel
from sadal_core.pipeline import AgeEstimator
from sadal_core.weights import load_model

NONE_READ = "None of the pictures could be read; the column error says why."


def add_collection_arguments(parser: argparse.ArgumentParser) -> None:
    """Paths, model, shards and workers."""
    parser.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH",
        help="picture, folder (searched with all its subfolders) or zip file",
    )  # fmt: skip
    add_model_argument(parser)
    parser.add_argument(
        "--shard-size", type=int, default=1000, metavar="N",
        help="pictures in each Parquet file of the folder (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, metavar="N",
        help="threads, or processes where these are asked for (default: one per core)",
    )  # fmt: skip
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--processes", action="store_true", help="make shards in processes instead of threads"
    )
    where.add_argument(
        "--ray", nargs="?", const=LOCAL, metavar="ADDRESS",
        help="make shards on the Ray cluster at this address (auto: the one this machine belongs "
        "to; without an address a Ray of this machine alone)",
    )  # fmt: skip


def check_workers(options: argparse.Namespace) -> None:
    """Refuse numbers that make no sense.

    Raises:
        ConfigError: names the option.
    """
    for name, value in (("--shard-size", options.shard_size), ("--workers", options.workers)):
        if value is not None and value < 1:
            raise ConfigError(f"{name} must be at least 1, got {value}.")


def collect(options: argparse.Namespace, wanted: Wanted) -> int:
    """Fill the folder `wanted.out` and say what is in it; 0 when a picture could be read, or 2."""
    check_workers(options)
    model, manifest = load_model(wanted.model)
    with tqdm(unit="picture", disable=None) as bar:
        # Before anything is looked for: an option that cannot be met is said at once.
        execute, in_shards = _execution(options, model, manifest, bar)
        collection = opened(wanted, model, manifest)
        for note in collection.notes:
            tqdm.write(note, file=sys.stderr)
        _start(bar, collection)
        counts = fill(collection, execute, bar.update if in_shards else lambda pictures: None)
    _say(wanted.out, collection, counts)
    if not counts["read"]:
        print(NONE_READ, file=sys.stderr)
        return 2
    return 0


def _execution(
    options: argparse.Namespace, model: AgeModel, manifest: dict[str, Any], bar: Any
) -> tuple[Execute, bool]:
    """How shards are made, and whether progress comes by the shard rather than by the picture."""
    if options.ray is not None:
        return on_ray(options.ray, options.workers), True
    if options.processes:
        return in_processes(options.workers), True
    estimator = AgeEstimator(model, manifest)
    return on_threads(estimator, options.workers, bar.update), False


def _start(bar: Any, collection: Open) -> None:
    """Begin the bar where an earlier run ended, so that the time left is not underestimated."""
    bar.reset(collection.folder.listing.pictures)
    bar.initial = bar.n = collection.pictures_done
    bar.refresh()


def _say(out: Path, collection: Open, counts: dict[str, int]) -> None:
    shards = len(collection.folder.listing.starts)
    kept = shards - len(collection.todo)
    print(
        f"{out}: pictures {counts['pictures']:,}, read {counts['read']:,}, "
        f"faces {counts['faces']:,}; shards {shards:,}, already there {kept:,}.",
        file=sys.stderr,
    )
