"""Uploads: a file of its own for each, for a short time, and never more than there is room for.

Gradio stores an upload under the hash of its content, so that the same photo from two visitors
is one file; deleting it after the first was read would take it from the second. And it forgets
what it has stored of an upload that broke off.
"""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from gradio import route_utils

from sadal_core.faces.image import MAX_BYTES

KEPT: Final = 120.0  # seconds after which an upload that nobody has read is deleted
_MOST: Final = 25 * MAX_BYTES  # bytes of all uploads together, 1 GB


class SeparateUpload(route_utils.GradioUploadFile):
    """An upload whose hash, and so its folder, is no other upload's."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sha.update(secrets.token_bytes(32))


def keep_uploads_apart() -> None:
    """Make Gradio use `SeparateUpload` in this process; it has no setting for it."""
    setattr(route_utils, "GradioUploadFile", SeparateUpload)  # noqa: B010


def has_room(folder: Path, *, most: int = _MOST) -> bool:
    """Whether one more upload fits, beside the others and on the disk."""
    held = sum(size for _, size, _ in _files(folder))
    return held + MAX_BYTES <= most and shutil.disk_usage(folder).free > 2 * MAX_BYTES


def sweep(folder: Path, *, kept: float = KEPT) -> None:
    """Delete what was last written more than `kept` seconds ago, and the folders left empty."""
    for path, _, written in list(_files(folder)):
        if time.time() - written <= kept:
            continue
        with suppress(OSError):  # gone meanwhile, or its folder holds another
            path.unlink()
            if path.parent != folder:
                path.parent.rmdir()


def prune(known: set[str]) -> None:
    """Drop the paths of files that are gone; Gradio keeps those that it did not delete itself."""
    known.difference_update([path for path in tuple(known) if not os.path.lexists(path)])


def _files(folder: Path) -> Iterator[tuple[Path, int, float]]:
    """Files below `folder`, their bytes, and when they were last written."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with suppress(OSError):  # deleted meanwhile
                about = path.stat()
                yield path, about.st_size, about.st_mtime
