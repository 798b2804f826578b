"""Bodies of requests: bounded before they are read, and well-formed before Gradio sees them."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.guard.http import LOGIN, UPLOAD, header, path_of, refuse
from sadal_core.faces.image import MAX_BYTES

MAX_JSON: Final = 16 * 2**20  # bytes; a camera's frame has 0.1 MB, a lasso over 20,000 faces 0.3
_FORM: Final = 64 * 1024  # bytes of an upload that are not the picture
_DEEP: Final = 32  # levels of lists and objects
_TOO_LARGE: Final = (
    "This request is larger than {limit} MB. Save the picture smaller, or upload it as a file."
)
_NO_JSON: Final = "This request is not well-formed JSON."
_FULL: Final = "The page holds as many pictures as it can. Try again in a minute."
_ELSEWHERE: Final = "Addresses are not fetched: send the picture itself."


class Bodies:
    """Refuses what is too large, is no JSON, or asks for something to be fetched.

    What was read is left in `scope["sadal.body"]` for the parts after this one.
    """

    def __init__(self, app: ASGIApp, *, has_room: Callable[[], bool]) -> None:
        self.app, self._has_room = app, has_room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 400, 413, 422 or 507."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
        elif path_of(scope) == UPLOAD:
            await self._upload(scope, receive, send)
        elif path_of(scope) == LOGIN:
            await self._read(scope, receive, send, form=True)
        else:
            await self._read(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on piece by piece, and break off above the limit, which Gradio has for each file."""
        limit = MAX_BYTES + _FORM
        if _announced(scope) > limit:
            await refuse(scope, receive, send, 413, _too_large(limit))
            return
        if not self._has_room():
            await refuse(scope, receive, send, 507, _FULL)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            return {"type": "http.disconnect"} if read > limit else message

        await self.app(scope, counted, send)

    async def _read(
        self, scope: Scope, receive: Receive, send: Send, *, form: bool = False
    ) -> None:
        body = await _whole(scope, receive)
        if body is None:
            await refuse(scope, receive, send, 413, _too_large(MAX_JSON))
            return
        if not form:
            try:
                value = json.loads(body)
                foreign = any(_foreign(part) for part in _parts(value))
            except (ValueError, RecursionError):
                await refuse(scope, receive, send, 400, _NO_JSON)
                return
            if foreign:
                await refuse(scope, receive, send, 422, _ELSEWHERE)
                return
            scope["sadal.body"] = value
        await self.app(scope, _again(body, receive), send)


def _announced(scope: Scope) -> int:
    length = header(scope, b"content-length")
    return int(length) if length.isdecimal() else 0


def _too_large(limit: int) -> str:
    return _TOO_LARGE.format(limit=limit // 2**20)


async def _whole(scope: Scope, receive: Receive) -> bytes | None:
    """The body; None where it is too large."""
    if _announced(scope) > MAX_JSON:
        return None
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_JSON:
            return None
        more = message.get("more_body", False)
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` first."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def _parts(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """All objects in `value`.

    Raises:
        ValueError: they lie deeper than anything that the page sends.
    """
    if depth > _DEEP:
        raise ValueError("too deep")
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list):
            yield from _parts(part, depth + 1)


def _foreign(part: dict[str, Any]) -> bool:
    """Whether an object is a file at an address, which Gradio would fetch."""
    path = part.get("path")
    return isinstance(path, str) and path.strip().lower().startswith(("http:", "https:"))
