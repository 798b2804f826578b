"""What the tests of the lab share; nothing of `sadal_core` is imported at the top."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sadal_core.gallery.stored import Gallery


@pytest.fixture(scope="session")
def gallery() -> "Gallery":
    """The bundled one."""
    from sadal_core.gallery.stored import BUNDLED_GALLERY, load_gallery

    if not BUNDLED_GALLERY.is_dir():
        pytest.skip("the bundled gallery is not here: assets/gallery is missing")
    return load_gallery(BUNDLED_GALLERY)
