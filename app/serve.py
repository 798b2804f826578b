"""Start the page from the command line: checks first, then serves, then loads the model."""

import argparse
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from app.lessons import BUNDLED_LESSONS
from app.results import BUNDLED_RESULTS
from app.services import Services, load_services
from sadal_core.errors import ConfigError, SadalError
from sadal_core.gallery.stored import BUNDLED_GALLERY
from sadal_core.manifest import BUNDLED_MODEL

if TYPE_CHECKING:
    import gradio as gr

FIRST_PORT: Final = 7860
_PORTS_TRIED: Final = 50
_TURN_SECONDS: Final = 0.0005  # of a thread: a click passes through several, one may be training
_ENVIRONMENT: Final = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the exit status is 1 if that is not possible."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        with private_folder() as uploads:
            services = load_services(
                options.model, uploads=uploads, gallery=options.gallery, lessons=options.lessons,
                results=options.results,
            )  # fmt: skip
            port = free_port(options.host, options.port)
            if port != options.port:
                _say(f"Port {options.port} is taken; using {port} instead.")
            _serve(services, options.host, port, open_browser=options.open)
    except SadalError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        _say("Stopped; nothing that was uploaded is left.")
    return 0


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for uploads that only this user can read, gone after the block.

    Gradio reads its settings from the environment when it is imported, so this comes first.
    """
    folder = Path(tempfile.mkdtemp(prefix="sadal-"))  # mkdtemp makes it mode 0700
    os.environ.update(_ENVIRONMENT, GRADIO_TEMP_DIR=str(folder))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port(host: str, first: int) -> int:
    """The first free port from `first` on.

    Raises:
        ConfigError: none of the next ones is free, or the host is not this machine's.
    """
    for port in range(first, min(first + _PORTS_TRIED, 65536)):
        try:
            # Bound as Gradio does it: `create_server` would also take one that is still closing.
            with socket.socket() as probe:
                probe.bind((host, port))
                return port
        except (socket.gaierror, OverflowError):
            break
        except OSError as error:
            if isinstance(error, PermissionError) or error.errno == 99:  # 99: not our address
                break
    raise ConfigError(
        f"No port from {first} on can be opened on {host}. Choose others with --host and --port."
    )


def launch(services: Services, host: str, port: int) -> "tuple[gr.Blocks, str]":
    """The running page and its address; returns as soon as it is served."""
    from app.main import build_demo
    from app.theme import launch_options
    from app.uploads import keep_uploads_apart

    keep_uploads_apart()
    demo = build_demo(services)
    _, url, _ = demo.launch(
        server_name=host, server_port=port, prevent_thread_lock=True, **launch_options()
    )
    return demo, url


def _serve(services: Services, host: str, port: int, *, open_browser: bool) -> None:
    demo, url = launch(services, host, port)
    try:
        _say(f"The page is at {url} (Ctrl+C stops it).")
        if open_browser:
            import webbrowser

            webbrowser.open(url)
        services.warm_up()
        _say("The model is loaded.")
        threading.Event().wait()
    finally:
        demo.close(verbose=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python app.py", description="Serve the page.")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to serve on (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=FIRST_PORT, help="first port to try (default: %(default)s)"
    )
    parser.add_argument(
        "--model", type=Path, default=BUNDLED_MODEL, help="model folder (default: the bundled one)"
    )
    parser.add_argument(
        "--gallery", type=Path, default=BUNDLED_GALLERY,
        help="gallery that the maps show (default: the bundled one); its pictures are served to "
        "whoever can open the page",
    )  # fmt: skip
    parser.add_argument(
        "--lessons", type=Path, default=BUNDLED_LESSONS,
        help="folder of lessons as TOML files (default: the bundled ones)",
    )  # fmt: skip
    parser.add_argument(
        "--results", type=Path, default=BUNDLED_RESULTS,
        help="folder of result files that the Results view shows (default: the bundled ones)",
    )  # fmt: skip
    browser = parser.add_mutually_exclusive_group()
    browser.add_argument("--open", action="store_true", help="open the page in the browser")
    browser.add_argument("--no-browser", dest="open", action="store_false", help="do not (default)")
    return parser


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201
