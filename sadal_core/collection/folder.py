"""The folder of a collection: `manifest.json`, the list of pictures, and finished shards.

A shard is `shards/NUMBER.parquet`. Its digest is `digests/NUMBER.json`, which is written first: a
shard under its final name is therefore always complete and always known. The folder of shards
holds nothing else, so that programs can read it as one table.
"""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256 as hash_of
from pathlib import Path
from typing import Any, Final

from sadal_core.batch import Picture
from sadal_core.collection.listing import LISTING, Listing, write_listing
from sadal_core.collection.shard import Made
from sadal_core.errors import DataError
from sadal_core.files import as_json, replacing, sha256, unwritable, write_json
from sadal_core.kept import read_sealed, sealed

MANIFEST, SHARDS, DIGESTS, DAMAGED = "manifest.json", "shards", "digests", "damaged"
FORMAT: Final = 1
_COUNTS: Final = ("pictures", "read", "faces", "rows")
_OTHERWISE: Final = {
    "format": "by another version of sadal", "version": "by another version of sadal",
    "command": "by another command", "model": "with another model",
    "columns": "with other columns", "shard_size": "with another --shard-size",
    "inputs_sha256": "for other pictures", "pictures": "for other pictures",
}  # fmt: skip


@dataclass(frozen=True)
class CollectionFolder:
    """A folder that is being filled, or is full.

    Attributes:
        path: of the folder.
        made_with: what all its shards depend on; entries as in `_OTHERWISE`.
        listing: of its pictures.
    """

    path: Path
    made_with: Mapping[str, Any]
    listing: Listing

    @property
    def pictures(self) -> Path:
        """The list of pictures."""
        return self.path / LISTING

    def shard(self, number: int) -> Path:
        """Where the Parquet file of a shard belongs."""
        return self.path / SHARDS / f"{number:06d}.parquet"

    def digest(self, number: int) -> Path:
        """Where its digest and its counts belong."""
        return self.path / DIGESTS / f"{number:06d}.json"

    def finished(self, number: int) -> dict[str, int] | None:
        """The counts of a shard that is whole; None where there is none.

        Raises:
            DataError: it is there but damaged.
        """
        path = self.shard(number)
        if not path.exists():
            return None
        try:
            known = read_sealed(self.digest(number))
            if known["sha256"] == sha256(path):
                return known["counts"]
        except (OSError, ValueError, KeyError, TypeError, DataError):
            pass  # as good as a digest that does not fit
        raise DataError(f"{path} is damaged.")

    def set_aside(self, number: int) -> Path:
        """Move a damaged shard to where it can be looked at; its path there.

        Raises:
            DataError: the folder cannot be written.
        """
        path = self.shard(number)
        aside = self.path / DAMAGED / path.name
        try:
            aside.parent.mkdir(exist_ok=True)
            path.replace(aside)
        except OSError as error:
            raise unwritable(aside, error) from error
        return aside

    def store(self, made: Made) -> None:
        """Write a shard and its digest; either both are there afterwards, or it is not.

        Raises:
            DataError: the folder cannot be written, or the disk is full.
        """
        path = self.shard(made.number)
        known = {"sha256": hash_of(made.content).hexdigest(), "counts": made.counts}
        with ExitStack() as stack:  # left in reverse order: the digest takes its name first
            content = stack.enter_context(replacing(path))
            content.write_bytes(made.content)
            beside = stack.enter_context(replacing(self.digest(made.number)))
            beside.write_text(as_json(sealed(known)), "utf-8")

    def complete(self) -> dict[str, int]:
        """Write the manifest with all shards in it; the sums of their counts."""
        shards: list[dict[str, Any]] = []
        for number in range(len(self.listing.starts)):
            known = read_sealed(self.digest(number))
            file = f"{SHARDS}/{self.shard(number).name}"
            shards.append({"file": file, "sha256": known["sha256"], **known["counts"]})
        sums = {name: sum(shard[name] for shard in shards) for name in _COUNTS}
        done = {"complete": True, "faces": sums["faces"], "read": sums["read"], "shards": shards}
        write_json(self.path / MANIFEST, sealed({**self.made_with, **done}))
        return sums


def begun(
    path: Path, made_with: Mapping[str, Any], found: Iterable[Picture], shard_size: int
) -> CollectionFolder:
    """The folder at `path`, new or begun earlier with the same.

    Args:
        path: created.
        made_with: what all shards depend on, but for the pictures.
        found: the pictures, in an order that is always the same.
        shard_size: pictures in a shard.

    Raises:
        DataError: it was begun with something else, its manifest is damaged or missing, or it
            cannot be written.
    """
    stored = _stored(path)
    with replacing(path / LISTING) as temporary:
        listing = write_listing(found, temporary, shard_size)
        wanted = {
            "format": FORMAT, **made_with, "shard_size": shard_size,
            "inputs_sha256": listing.sha256, "pictures": listing.pictures,
        }  # fmt: skip
        if stored is not None:
            _check_same(path, stored, wanted)
    if stored is None:
        write_json(path / MANIFEST, sealed({**wanted, "complete": False}))
    return CollectionFolder(path, wanted, listing)


def _stored(path: Path) -> dict[str, Any] | None:
    manifest = path / MANIFEST
    try:
        stored = read_sealed(manifest)
    except FileNotFoundError:
        if any((path / SHARDS).glob("*.parquet")):
            raise DataError(
                f"{path} holds shards, but no {MANIFEST} that says what they are of. "
                "Give another folder."
            ) from None
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{manifest} is damaged. Give another folder.") from error
    if not isinstance(stored, dict):
        raise DataError(f"{manifest} is damaged. Give another folder.")
    return stored


def _check_same(path: Path, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        if stored.get(name) != value:
            raise DataError(
                f"{path} was begun {_OTHERWISE[name]}. Give another folder, or the same as then."
            )
