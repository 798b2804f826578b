"""Arrays computed once for many items: in shards, resumable, each shard whole or absent."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from sadal_core.errors import DataError
from sadal_core.files import check_folder, write_json
from sadal_core.kept import read_arrays, write_arrays

SHARD = 512

Columns = dict[str, np.ndarray]


def sharded(
    folder: Path,
    key: Mapping[str, Any],
    items: Sequence[Any],
    make: Callable[[Sequence[Any]], Columns],
    *,
    columns: tuple[str, ...],
    workers: int,
    progress: Callable[[int, int], object],
) -> Columns:
    """What `make` gives for all `items`, from the cache in `folder` where it is current.

    An interrupted build goes on with the first shard that is not there; a cache of another `key`
    is built anew.

    Args:
        folder: where the shards live; created.
        key: says what the arrays depend on; JSON.
        items: what they are made of, `SHARD` at a time.
        make: arrays by name, of any length; must be picklable where `workers` is above 1.
        columns: names of the arrays.
        workers: processes.
        progress: told the items done and the items in all.

    Returns:
        The arrays of all shards, joined.

    Raises:
        DataError: the folder cannot be written, or a shard is damaged.
    """
    _start(folder, key)
    chunks = [items[i : i + SHARD] for i in range(0, len(items), SHARD)]
    paths = [folder / f"shard-{number:05d}.npz" for number in range(len(chunks))]
    todo = [(path, chunk) for path, chunk in zip(paths, chunks, strict=True) if not path.exists()]
    if todo:
        check_folder(folder)
    done = len(items) - sum(len(chunk) for _, chunk in todo)
    progress(done, len(items))
    for count in _build(partial(_make_shard, make), todo, min(workers, max(1, len(todo)))):
        done += count
        progress(done, len(items))
    parts = [_read(path, columns) for path in paths] or [make([])]
    return {name: np.concatenate([part[name] for part in parts]) for name in columns}


def _start(folder: Path, key: Mapping[str, Any]) -> None:
    """Keep the shards in `folder` if they were made for `key`; else remove them."""
    about = folder / "about.json"
    try:
        current = json.loads(about.read_text("utf-8")) == key
    except (OSError, ValueError):
        current = False
    if not current:
        for shard in folder.glob("shard-*.npz"):
            shard.unlink()
        write_json(about, dict(key))


def _build(
    make: Callable[[tuple[Path, Sequence[Any]]], int],
    todo: list[tuple[Path, Sequence[Any]]],
    workers: int,
) -> Iterator[int]:
    if workers == 1:
        yield from map(make, todo)
        return
    # Spawned, not forked: MediaPipe's threads do not survive a fork.
    spawn = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=end_with_parent) as pool:
        yield from pool.map(make, todo)


def end_with_parent() -> None:
    """End this worker as soon as the process that gives it work is killed.

    It would go on with what it was given, into a cache that the next command may have begun anew
    for other items, and then wait for ever.
    """
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


def _make_shard(make: Callable[[Sequence[Any]], Columns], job: tuple[Path, Sequence[Any]]) -> int:
    path, items = job
    columns = make(items)
    write_arrays(path, **columns)
    return len(items)


def _read(path: Path, columns: tuple[str, ...]) -> Columns:
    arrays = read_arrays(path, _REMEDY)
    if not set(columns) <= set(arrays):
        raise DataError(f"{path} is damaged. {_REMEDY}")
    return {name: arrays[name] for name in columns}


_REMEDY = "Delete it and run prepare again."
