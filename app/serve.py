"""Start the page from the command line: checks first, then serves, then loads the model."""

import argparse
import importlib.util
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from app.lessons import BUNDLED_LESSONS
from app.password import login, read_password
from app.private import private_folder
from app.services import Services, load_services
from app.upkeep import give_back_memory, keep_memory_together, keep_up
from sadal_core.bundled import RESULTS
from sadal_core.errors import ConfigError, SadalError
from sadal_core.gallery.stored import BUNDLED_GALLERY
from sadal_core.manifest import BUNDLED_MODEL

if TYPE_CHECKING:
    import gradio as gr

FIRST_PORT: Final = 7860
_PORTS_TRIED: Final = 50
_STOPPED: Final = threading.Event()
_TURN_SECONDS: Final = 0.0005  # of a thread: a click passes through several, one may be training


def main(arguments: Sequence[str] | None = None, *, prog: str = "python app.py") -> int:
    """Serve until interrupted; the exit status is 1 if that is not possible."""
    options = _parser(prog).parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    sys.setswitchinterval(_TURN_SECONDS)
    keep_memory_together()
    try:
        with private_folder() as uploads:
            if options.mcp:
                check_tools(options.password_file)
            services = load_services(
                options.model, uploads=uploads, gallery=options.gallery, lessons=options.lessons,
                results=options.results,
            )  # fmt: skip
            password = options.password_file and read_password(options.password_file)
            port = free_port(options.host, options.port)
            if port != options.port:
                _say(f"Port {options.port} is taken; using {port} instead.")
            _serve(services, options, port, password)
    except SadalError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        _say("Stopped; nothing that was uploaded is left.")
    return 0


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


def launch(
    services: Services, host: str, port: int, *, password: str | None = None, tools: bool = False
) -> "tuple[gr.Blocks, str]":
    """The running page and its address; returns as soon as it is served.

    Args:
        services: behind the page.
        host: address to serve on.
        port: a free one.
        password: that is asked for.
        tools: whether `/estimate` is a tool of assistants, too; see `check_tools`.
    """
    from app.guard import guard
    from app.guard.http import TOOLS
    from app.lean import keep_sessions_lean
    from app.leaving import forget_call
    from app.main import build_demo
    from app.theme import launch_options
    from app.tool import offer_tools
    from app.uploads import has_room, keep_uploads_apart, prune, sweep

    keep_uploads_apart()
    keep_sessions_lean()
    offer_tools()
    uploads = services.uploads
    demo = build_demo(services)
    if uploads is not None:
        known = demo.upload_file_set
        keep_up(uploads, (partial(sweep, uploads), partial(prune, known), give_back_memory))
    parts = guard(
        lambda: uploads is None or has_room(uploads),
        lambda call: forget_call(demo, call),
        (TOOLS,) if tools else (),
    )
    _, url, _ = demo.launch(
        server_name=host, server_port=port, prevent_thread_lock=True,
        app_kwargs={"middleware": parts}, mcp_server=tools, **login(password), **launch_options(),
    )  # fmt: skip
    return demo, url


def _serve(
    services: Services, options: argparse.Namespace, port: int, password: str | None
) -> None:
    demo, url = launch(services, options.host, port, password=password, tools=options.mcp)
    try:
        _say(f"The page is at {url} (Ctrl+C stops it).")
        if options.mcp:
            _say(f"Assistants find the tool at {url}gradio_api/mcp/ (streamable HTTP).")
        if password is None and not _loopback(options.host):
            _say("Whoever reaches this machine can use the page; --password-file sets a password.")
        if options.open:
            import webbrowser

            webbrowser.open(url)
        services.warm_up()
        _say("The model is loaded.")
        while not _STOPPED.wait(1):
            pass
        raise KeyboardInterrupt
    finally:
        demo.close(verbose=False)


def check_tools(password_file: Path | None) -> None:
    """Refuse `--mcp` where it cannot be.

    Raises:
        ConfigError: the package mcp, which only this needs, is not installed; or a password is
            asked for, which tools cannot give.
    """
    if importlib.util.find_spec("mcp") is None:
        raise ConfigError("--mcp needs the package mcp, below version 2: pip install 'mcp<2'.")
    if password_file is not None:
        raise ConfigError("--mcp cannot ask for a password. Leave it or --password-file out.")


def _loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description="Serve the page.")
    parser.add_argument(
        "--host",
        default=os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1",
        help="address to serve on (default: $GRADIO_SERVER_NAME, which hosts of Gradio pages set, "
        "or 127.0.0.1)",
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
        "--results", type=Path, default=RESULTS,
        help="folder of result files that the Results view shows (default: the bundled ones)",
    )  # fmt: skip
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE",
        help="ask visitors for the password in the first line of FILE, under any name",
    )  # fmt: skip
    parser.add_argument(
        "--mcp", action="store_true",
        help="offer /estimate to assistants as a tool of the Model Context Protocol, too",
    )  # fmt: skip
    browser = parser.add_mutually_exclusive_group()
    browser.add_argument("--open", action="store_true", help="open the page in the browser")
    browser.add_argument("--no-browser", dest="open", action="store_false", help="do not (default)")
    return parser


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    _STOPPED.set()  # an exception alone is lost where it meets a destructor
    raise KeyboardInterrupt


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201
