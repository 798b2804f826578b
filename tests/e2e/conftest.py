"""A running server and a real Chromium; nothing of `sadal_core` is imported at the top."""

import io
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.sockets import other_hosts

ROOT = Path(__file__).resolve().parents[2]
BUNDLED_MODEL = ROOT / "assets" / "model"
OFFLINE = Path(__file__).parent / "offline"  # keeps the server from reaching other hosts
ASTRONAUT = ROOT / "assets" / "examples" / "astronaut.jpg"
START_SECONDS = 300  # on a busy machine; importing torch and MediaPipe is most of it
PATIENCE_MS = 120_000  # for one step; two slow cores may be shared with other work
_QUIET = ("--disable-quic", "--disable-background-networking", "--disable-component-update",
          "--disable-sync")  # fmt: skip


@dataclass(frozen=True)
class Server:
    """The page as `python app.py` serves it."""

    url: str
    temporary: Path  # every temporary file of the server lies below

    def uploads(self) -> list[Path]:
        """Files that visitors have sent and that still exist."""
        kinds = {".jpg", ".jpeg", ".png", ".webp", ".tif"}
        return [path for path in self.temporary.rglob("*") if path.suffix.lower() in kinds]


def chromium() -> str:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path:
        return path
    reason = "Chromium is not installed; install it, or name it with CHROMIUM"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    return pytest.skip(reason)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model; without one, an untrained one, with which all but its ages can be seen."""
    if (BUNDLED_MODEL / "manifest.json").is_file():
        return BUNDLED_MODEL
    from sadal_core.model import AgeModel
    from sadal_core.weights import save_model
    from tests.fakes import MANIFEST

    folder = tmp_path_factory.mktemp("model")
    save_model(AgeModel("resnet18-half"), folder, MANIFEST)
    return folder


@pytest.fixture(scope="session")
def results_folder() -> Path:
    """The bundled results."""
    return ROOT / "results"


@pytest.fixture(scope="session")
def server(
    model_folder: Path, results_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    temporary = tmp_path_factory.mktemp("server")
    log = temporary / "log.txt"
    command = [
        sys.executable, "app.py", "--port", "7960", "--model", str(model_folder),
        "--results", str(results_folder),
    ]  # fmt: skip
    process = started(command, log)
    try:
        wait_for(log, "The model is loaded", process)
        found = re.search(r"The page is at (\S+)", log.read_text())
        assert found
        with other_hosts(process.pid) as reached:
            yield Server(found[1], temporary)
        assert reached == set(), "the server reached other hosts from below Python"
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert "Traceback" not in log.read_text()
    assert "tried to reach another host" not in log.read_text()
    assert list(temporary.glob("sadal-*")) == [], "the upload folder outlived the server"


def started(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """A server without a network, whose temporary files lie beside its log."""
    environment = {**os.environ, "TMPDIR": str(log.parent), "PYTHONPATH": str(OFFLINE)}
    with log.open("w") as out:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )


def wait_for(log: Path, words: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while words not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.2)


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film for Chromium's fake camera: the astronaut, drifting to the right."""
    portrait = Image.open(ASTRONAUT).resize((480, 480))
    film = tmp_path_factory.mktemp("camera") / "astronaut.mjpeg"
    with film.open("wb") as file:
        for step in range(20):
            frame = Image.new("RGB", (640, 480), (128, 128, 128))
            frame.paste(portrait, (80 + step, 0))
            buffer = io.BytesIO()
            frame.save(buffer, "JPEG", quality=90)
            file.write(buffer.getvalue())
    return film


@pytest.fixture(scope="session")
def browser(camera: Path) -> Iterator[Browser]:
    path = chromium()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox", *_QUIET,
                "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-video-capture={camera}",
            ],
        )  # fmt: skip
        yield running
        running.close()


@pytest.fixture
def desktop(browser: Browser, server: Server) -> Iterator[Page]:
    yield from visit(browser, server, 1280, 900, "light")


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[Page]:
    yield from visit(browser, server, 390, 844, "dark")


def visit(browser: Browser, server: Server, width: int, height: int, scheme: str) -> Iterator[Page]:
    """The page at its first view, ready."""
    with arrived(browser, server.url, width, height, scheme) as page:
        page.wait_for_selector("#sadal-panel .sadal-panel")
        page.wait_for_selector("#sadal-figure .main-svg")
        yield page


@contextmanager
def arrived(
    browser: Browser, url: str, width: int = 1280, height: int = 900, scheme: str = "light"
) -> Iterator[Page]:
    """The page at an address, in a fresh browser; no request may leave this machine meanwhile."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        permissions=["camera"],
    )
    hosts: set[str | None] = set()
    errors: list[str] = []
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("request", lambda request: hosts.add(urlparse(request.url).hostname))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    page.wait_for_selector("#sadal-views [role=tab]")
    yield page
    context.close()
    assert hosts - {None} == {"127.0.0.1"}
    assert errors == []


@pytest.fixture(scope="session")
def group(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three faces of falling size."""
    head = Image.fromarray(np.asarray(Image.open(ASTRONAUT))[0:240, 110:350])
    picture = Image.new("RGB", (760, 320), (128, 128, 128))
    for left, side in ((0, 300), (310, 240), (560, 190)):
        picture.paste(head.resize((side, side)), (left, 10))
    path = tmp_path_factory.mktemp("group") / "group.png"
    picture.save(path)
    return path
