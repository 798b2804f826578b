"""Requests to one part of the guard, without a network."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Reply(NamedTuple):
    """What came back.

    Attributes:
        status: of it.
        headers: by small name; the last of equal ones.
        body: of it.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def sentence(self) -> str:
        return json.loads(self.body)["detail"]


def request(
    path: str, method: str = "GET", query: str = "", headers: dict[str, str] | None = None
) -> Scope:
    """The scope of a request."""
    pairs = [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()]
    return {
        "type": "http", "method": method, "path": path, "root_path": "", "scheme": "http",
        "query_string": query.encode(), "headers": pairs,
    }  # fmt: skip


async def answered(part: ASGIApp, scope: Scope, body: Sequence[bytes] = (b"",)) -> Reply:
    """The reply to a request whose body comes in pieces."""
    pieces = [
        {"type": "http.request", "body": piece, "more_body": n < len(body) - 1}
        for n, piece in enumerate(body)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await part(scope, receive, send)
    start, *rest = sent
    pairs = {key.decode().lower(): value.decode() for key, value in start["headers"]}
    return Reply(start["status"], pairs, b"".join(one.get("body", b"") for one in rest))


class Inner:
    """What lies behind the guard: says 200 and remembers what it was asked."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.bodies: list[bytes] = []
        self.broken = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.broken += 1
                break
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(body)
        head: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}
        await send(head)
        await send({"type": "http.response.body", "body": b"inner"})
