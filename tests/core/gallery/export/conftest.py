"""A stored gallery to be exported; nothing of `sadal_core` is imported at the top."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sadal_core.gallery.stored import Gallery


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.planted_gallery import stored_gallery

    folder = tmp_path_factory.mktemp("gallery")
    stored_gallery(folder)
    return folder


@pytest.fixture(scope="session")
def gallery(folder: Path) -> "Gallery":
    from sadal_core.gallery.stored import load_gallery

    return load_gallery(folder)


@pytest.fixture(scope="session")
def projector(gallery: "Gallery", tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sadal_core.gallery.export import write_projector

    folder = tmp_path_factory.mktemp("exported") / "projector"
    write_projector(gallery, folder)
    return folder
