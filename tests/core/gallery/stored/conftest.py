"""A gallery that was stored; nothing of `sadal_core` is imported at the top."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sadal_core.gallery.stored import Gallery


@pytest.fixture(scope="session")
def gallery() -> "Gallery":
    from tests.planted_metric import quick_gallery

    made = quick_gallery()
    return replace(made, about={**made.about, "pictures": {"kind": "own", "k": 1}})


@pytest.fixture(scope="session")
def saved(gallery: "Gallery", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder; to be read only."""
    from sadal_core.gallery.stored import save_gallery
    from tests.stored import planted_sheet

    folder = tmp_path_factory.mktemp("galleries") / "planted"
    save_gallery(gallery, planted_sheet(), folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy that may be changed, without the seal on its description."""
    from sadal_core.kept import SEAL

    folder = Path(shutil.copytree(saved, tmp_path / "gallery"))
    about = json.loads((folder / "about.json").read_text("utf-8"))
    del about[SEAL]
    (folder / "about.json").write_text(json.dumps(about))
    return folder
