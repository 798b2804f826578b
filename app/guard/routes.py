"""The addresses that the page is made of; Gradio has many more, which nothing here needs."""

import re
from collections.abc import Collection
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.guard.http import API, path_of, refuse

_PAGES: Final = r"/|/config|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json|/login|/logout"
_PROGRAMS: Final = r"/(?:assets|static|svelte)/.+"
_CALLS: Final = (
    r"info|openapi\.json|startup-events|app_id|login_check|token|user|upload|upload_progress"
    r"|queue/join|queue/data|queue/status|run/predict|cancel|reset|heartbeat/[^/]+"
    r"|call/(?:v2/)?estimate(?:/[^/]+)?|file=(?!https?:).+"
)
_KNOWN: Final = re.compile(f"(?:{_PAGES}|{_PROGRAMS}|{API}/(?:{_CALLS}))", re.IGNORECASE)
_GONE: Final = "There is nothing at this address."


def known(path: str) -> bool:
    """Whether the page has anything at `path`.

    Left out are Gradio's proxies to other hosts, its calls without the queue (but those that the
    page itself makes), its functions of components, its recordings, histories, statistics and
    editors.
    """
    return _KNOWN.fullmatch(path) is not None


class KnownRoutes:
    """Refuses every other address.

    Args:
        app: what is behind.
        further: addresses that this page has besides.
    """

    def __init__(self, app: ASGIApp, *, further: Collection[str] = ()) -> None:
        self.app, self._further = app, further

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 404."""
        path = path_of(scope) if scope["type"] == "http" else ""
        if scope["type"] == "http" and path not in self._further and not known(path):
            await refuse(scope, receive, send, 404, _GONE)
        elif scope["type"] == "websocket":  # Gradio 6 has none; refused before it is accepted
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self.app(scope, receive, send)
