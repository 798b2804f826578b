"""Sessions belong to the browser that opened them.

Gradio's browser makes up the name of its session, and whoever names it is given its answers. Here
every browser has a secret in a cookie, the first one that names a session owns it, and to others
it is unknown. Programs have no cookie: they own what they name first, and get random names from
`gradio_client`.
"""

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.guard.http import API, header, path_of, refuse

COOKIE: Final = "sadal-visitor"
_KEPT: Final = 20_000  # sessions remembered; a few hundred bytes each
_LONGEST: Final = 128  # characters of a session's name
_HEARTBEAT: Final = f"{API}/heartbeat/"
_UNKNOWN: Final = "This session is unknown. Reload the page."


@dataclass
class Session:
    """What is known of one.

    Attributes:
        owner: secret of the browser; empty for a program.
        asked: set by every request that was accepted.
        closed_at: when its stream of answers was closed, on the event loop's clock.
    """

    owner: str
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    closed_at: float = float("-inf")


class OwnSessions:
    """Refuses sessions of others, and leaves the own one in `scope["sadal.session"]`."""

    def __init__(self, app: ASGIApp, *, kept: int = _KEPT) -> None:
        self.app, self._kept = app, kept
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 404."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        owner = _secret(header(scope, b"cookie"))
        try:
            scope["sadal.session"] = self._session(_named(scope), owner)
        except PermissionError:
            await refuse(scope, receive, send, 404, _UNKNOWN)
            return
        needs_cookie = path_of(scope) == "/" and scope["method"] == "GET" and not owner
        await self.app(scope, receive, _giving_cookie(scope, send) if needs_cookie else send)

    def _session(self, name: Any, owner: str) -> Session | None:
        """The session called `name`, which is the owner's from now on; None where none is named.

        Raises:
            PermissionError: it is somebody else's, or no name at all.
        """
        if name is None:
            return None
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST:
            raise PermissionError
        session = self._sessions.setdefault(name, Session(owner))
        self._sessions.move_to_end(name)
        while len(self._sessions) > self._kept:
            self._sessions.popitem(last=False)
        if not secrets.compare_digest(session.owner.encode(), owner.encode()):
            raise PermissionError
        return session


def _named(scope: Scope) -> Any:
    """What a request says its session is."""
    body = scope.get("sadal.body")
    if isinstance(body, dict) and body.get("session_hash") is not None:
        return body["session_hash"]
    path = path_of(scope)
    if path.startswith(_HEARTBEAT):
        return path.removeprefix(_HEARTBEAT)
    named = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash")
    return named[-1] if named else None


def _secret(cookies: str) -> str:
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _giving_cookie(scope: Scope, send: Send) -> Send:
    secure = "; Secure" if scope["scheme"] == "https" else ""
    value = f"{COOKIE}={secrets.token_urlsafe(24)}; Path=/; HttpOnly; SameSite=Lax{secure}"

    async def with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("set-cookie", value)
        await send(message)

    return with_cookie
