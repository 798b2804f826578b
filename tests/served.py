"""A page that is really served, with a stand-in for the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.private import private_folder
from app.serve import free_port, launch
from tests.fakes import estimate_of, services_for


@contextmanager
def served(*ages: float, **options: Any) -> Iterator[tuple[str, Path]]:
    """The address of a page that finds faces of these ages in every picture, and its uploads."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED", "HF_HUB_OFFLINE"):
            patch.setenv(name, "")  # so that what `private_folder` sets is undone
        with private_folder() as uploads:
            services = services_for([estimate_of(age) for age in ages], uploads=uploads)
            demo, url = launch(services, "127.0.0.1", free_port("127.0.0.1", 7900), **options)
            try:
                yield url, uploads
            finally:
                demo.close(verbose=False)
