"""Fixtures for the whole suite.

Nothing of `sadal_core` is imported at the top: jaxtyping's hook must be in place first.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from sadal_core.faces.detect import MediaPipeFaces

ROOT = Path(__file__).resolve().parent.parent
os.environ["NUMBA_NUM_THREADS"] = "1"  # before it is imported: it raises the number for torch, too

# Time limits say more about a busy machine than about the code; CI draws the same examples
# every time, so that it fails only for a reason in the change.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Nets and matrices are small, and threads that wait for each other on a busy machine make a
    test of milliseconds take seconds."""
    import cv2
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """A public-domain photograph of one frontal face, 512 px square."""
    from skimage.data import astronaut

    return astronaut()


@pytest.fixture(scope="session")
def detector() -> "MediaPipeFaces":
    from sadal_core.faces.detect import MediaPipeFaces

    return MediaPipeFaces()


@pytest.fixture(scope="session")
def published_data() -> Callable[[str], Path]:
    """Path of a published data set by name; the test is skipped where it is absent."""
    folder = Path(os.environ.get("SADAL_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> Path:
        path = folder / f"{name}.zip"
        if not path.is_file():
            pytest.skip(f"{path} is not here; set SADAL_DATA to the folder with the data sets")
        return path

    return find
