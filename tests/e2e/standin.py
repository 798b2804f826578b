"""The page with a stand-in for the model, on a fixed port: python -m tests.e2e.standin PORT.

It is served within seconds, finds one face of 42 years in every picture, and takes as long for it
as there is a file `hold` in its temporary folder.
"""

import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.private import private_folder
from app.serve import launch
from app.services import Services
from app.upkeep import keep_up
from app.uploads import sweep

if TYPE_CHECKING:  # at run time this would import torch
    from sadal_core.pipeline import FaceEstimate

HOLD = "hold"
READING = "reading"  # made when a picture is being looked at


def estimate(image: np.ndarray) -> "tuple[FaceEstimate, ...]":
    from tests.fakes import estimate_of

    folder = Path(tempfile.gettempdir())
    (folder / READING).touch()
    while (folder / HOLD).exists():
        time.sleep(0.05)
    return (estimate_of(42, side=min(image.shape[:2]) / 2),)


def main(port: int) -> None:
    with private_folder() as uploads:
        manifest = {"sha256": "0" * 64, "bands": []}
        services = Services(estimate, manifest, uploads=uploads, grace=0.5)
        _, url = launch(services, "127.0.0.1", port)
        keep_up(uploads, [lambda: sweep(uploads, kept=5)], often=1)  # as the page does, but sooner
        print(f"The page is at {url}", flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))
