"""A collection from its paths to its finished folder; what is there already is not made again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sadal_core import __version__
from sadal_core.batch import COLUMNS, find_pictures
from sadal_core.collection.execution import Execute
from sadal_core.collection.folder import CollectionFolder, begun
from sadal_core.collection.listing import read_entries
from sadal_core.collection.shard import Recipe, Task, widths_of
from sadal_core.errors import DataError
from sadal_core.model import AgeModel


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a collection.

    Attributes:
        command: "estimate" or "embed".
        paths: pictures, folders and zip files.
        out: the folder to fill.
        model: folder of the model.
        vectors: of `table.VECTORS`, stored for each face.
        precision: bits of their numbers, 16 or 32.
        shard_size: pictures in a shard, at least 1.
    """

    command: str
    paths: Sequence[Path]
    out: Path
    model: Path
    vectors: Sequence[str] = ()
    precision: int = 32
    shard_size: int = 1000


@dataclass(frozen=True)
class Open:
    """A collection of which some shards are still to be made.

    Attributes:
        folder: that is filled.
        recipe: of its shards.
        todo: numbers of the shards that are to be made.
        pictures_done: pictures in the shards that are there.
        notes: a sentence for each shard that was found damaged.
    """

    folder: CollectionFolder
    recipe: Recipe
    todo: tuple[int, ...]
    pictures_done: int
    notes: tuple[str, ...]


def opened(wanted: Wanted, model: AgeModel, manifest: Mapping[str, Any]) -> Open:
    """Look what there is, and what is to be done.

    Args:
        wanted: what is wanted.
        model: from its folder.
        manifest: what is known about it.

    Raises:
        DataError: the folder was begun with something else, or cannot be read or written.
    """
    recipe = _recipe(wanted, model, manifest["sha256"])
    made_with = {
        "version": __version__, "command": wanted.command, "model": recipe.model_sha256,
        "columns": _columns(recipe), "white": model.spec.white,
    }  # fmt: skip
    folder = begun(wanted.out, made_with, find_pictures(list(wanted.paths)), wanted.shard_size)
    todo, notes, done = [], [], 0
    for number in range(len(folder.listing.starts)):
        try:
            counts = folder.finished(number)
        except DataError as error:
            aside = folder.set_aside(number)
            notes.append(f"{error} It is set aside as {aside} and made again.")
            counts = None
        if counts is None:
            todo.append(number)
        else:
            done += counts["pictures"]
    return Open(folder, recipe, tuple(todo), done, tuple(notes))


def fill(
    collection: Open, execute: Execute, stored: Callable[[int], object] = lambda pictures: None
) -> dict[str, int]:
    """Make the shards that are missing and finish the manifest.

    Args:
        collection: from `opened`.
        execute: makes shards, in any order.
        stored: told the pictures of each shard once it is written.

    Returns:
        "pictures", "read", "faces" and "rows" of the whole collection.

    Raises:
        DataError: a worker has died, or the folder can no longer be written.
    """
    if collection.todo:
        for made in execute(collection.recipe, _tasks(collection)):
            collection.folder.store(made)
            stored(made.counts["pictures"])
    return collection.folder.complete()


def _tasks(collection: Open) -> Iterator[Task]:
    folder = collection.folder
    for number in collection.todo:
        start, size = folder.listing.starts[number], folder.made_with["shard_size"]
        yield Task(number, read_entries(folder.pictures, start, size))


def _recipe(wanted: Wanted, model: AgeModel, digest: str) -> Recipe:
    return Recipe(
        model=wanted.model.absolute(),
        model_sha256=digest,
        widths=widths_of(model, wanted.vectors),
        precision=wanted.precision,
        base=Path.cwd(),
        metadata={"sadal": __version__, "sadal.model": digest},
    )


def _columns(recipe: Recipe) -> list[dict[str, Any]]:
    """Names of the columns, with width and type of the lists."""
    plain: list[dict[str, Any]] = [{"name": name} for name in COLUMNS]
    kind = f"float{recipe.precision}"
    return plain + [{"name": n, "width": w, "type": kind} for n, w in recipe.widths.items()]
