"""The page with a gallery of which it draws a part: python -m tests.e2e.large PORT GALLERY."""

import sys
import threading
from functools import partial
from pathlib import Path

import app.scene
from app.detail import drawn_samples
from app.private import private_folder
from app.serve import launch
from app.services import Services
from sadal_core.gallery.stored import load_gallery

MOST = 40  # samples on the map


def main(port: int, folder: Path) -> None:
    app.scene.drawn_samples = partial(drawn_samples, most=MOST)
    with private_folder() as uploads:
        manifest = {"sha256": "0" * 64, "bands": []}
        gallery = load_gallery(folder)
        services = Services(lambda image: (), manifest, uploads=uploads, gallery=gallery)
        _, url = launch(services, "127.0.0.1", port)
        print(f"The page is at {url}", flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
