"""The list of a collection's pictures, on disk, so that its length does not matter in memory.

One line of JSON per picture, cut into shards of equally many lines.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from sadal_core.batch import Picture, SingleFile
from sadal_core.data.samples import Source, open_source
from sadal_core.errors import DataError

LISTING: Final = "pictures.jsonl"


class Entry(NamedTuple):
    """A picture as plain text, which can travel to another machine.

    Attributes:
        label: how it is called in the results.
        source: path of the folder, zip file or picture that holds it; None where there is nothing
            to read.
        name: inside a folder or zip file; "" of a single picture; the reason where there is nothing
            to read.
    """

    label: str
    source: str | None
    name: str


class Listing(NamedTuple):
    """What is known of a list once it is written.

    Attributes:
        pictures: how many there are.
        sha256: of all labels and places, in order.
        starts: for each shard where its first line begins, in bytes.
    """

    pictures: int
    sha256: str
    starts: tuple[int, ...]


def write_listing(found: Iterable[Picture], path: Path, shard_size: int) -> Listing:
    """Write `found` to `path`, one line per picture, as they come."""
    digest, starts, place, count = hashlib.sha256(), [], 0, 0
    with path.open("wb") as file:
        for picture in found:
            if count % shard_size == 0:
                starts.append(place)
            line = json.dumps(_entry(picture)).encode() + b"\n"
            digest.update(line)
            place += file.write(line)
            count += 1
    return Listing(count, digest.hexdigest(), tuple(starts))


def read_entries(path: Path, start: int, count: int) -> tuple[Entry, ...]:
    """At most `count` entries of the list at `path`, from the byte `start` on."""
    with path.open("rb") as file:
        file.seek(start)
        return tuple(Entry(*json.loads(line)) for line in islice(file, count))


def pictures_of(entries: Iterable[Entry], base: Path) -> Iterator[Picture]:
    """What the entries stand for.

    Args:
        entries: as `read_entries` gives them.
        base: folder from which relative paths are meant.
    """
    sources: dict[str, Source | str] = {}
    for label, source, name in entries:
        if source is None:
            yield Picture(label, None, name)
        elif not name:
            path = base / source
            yield Picture(label, SingleFile(path), path.name)
        else:
            opened = sources.setdefault(source, _opened(base / source))
            gone = isinstance(opened, str)
            yield Picture(label, None, opened) if gone else Picture(label, opened, name)


def _entry(picture: Picture) -> Entry:
    if picture.source is None:
        return Entry(picture.label, None, picture.name)
    single = isinstance(picture.source, SingleFile)
    return Entry(picture.label, str(picture.source.path), "" if single else picture.name)


def _opened(path: Path) -> Source | str:
    """The source at `path`, or why it can no longer be read."""
    try:
        return open_source(path)
    except DataError as error:
        return str(error)
