"""A file of its own for every upload.

Gradio stores an upload under the hash of its content, so that the same photo from two visitors
is one file; deleting it after the first was read would take it from the second.
"""

import secrets
from typing import Any

from gradio import route_utils


class SeparateUpload(route_utils.GradioUploadFile):
    """An upload whose hash, and so its folder, is no other upload's."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sha.update(secrets.token_bytes(32))


def keep_uploads_apart() -> None:
    """Make Gradio use `SeparateUpload` in this process; it has no setting for it."""
    setattr(route_utils, "GradioUploadFile", SeparateUpload)  # noqa: B010
