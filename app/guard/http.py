"""The few things that every part of the guard does with a request."""

import re
from typing import Final

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

API: Final = "/gradio_api"
JOIN: Final = f"{API}/queue/join"
ANSWERS: Final = f"{API}/queue/data"
UPLOAD: Final = f"{API}/upload"
LOGIN: Final = "/login"
TOOLS: Final = f"{API}/mcp"  # of assistants; there only where it was asked for
CALL: Final = re.compile(rf"{API}/call/(?:v2/)?[^/]+/([^/]+)")  # the answer of a call


def path_of(scope: Scope) -> str:
    """The request's path below the place where the page is mounted, without a slash at its end."""
    path: str = scope["path"]
    path = path.removeprefix(scope.get("root_path", ""))
    return path.rstrip("/") or "/"


def header(scope: Scope, name: bytes) -> str:
    """The first header of that (small) name; empty where there is none."""
    found = next((value for key, value in scope["headers"] if key == name), b"")
    return found.decode("latin-1")


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    """Answer with a sentence, in the form in which Gradio's own clients look for it."""
    await JSONResponse({"detail": sentence}, status)(scope, receive, send)
