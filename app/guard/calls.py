"""What Gradio keeps of a program's call is dropped once its answer was read.

A call without a session is given one of its own, named after the call, which nobody can use again;
Gradio would keep it until 10,000 others have come, 0.4 MB each.
"""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from app.guard.http import CALL, path_of


class FinishedCalls:
    """Has calls forgotten when their stream of answers ends, be it read or broken off."""

    def __init__(self, app: ASGIApp, *, forget: Callable[[str], None]) -> None:
        self.app, self._forget = app, forget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        call = CALL.fullmatch(path_of(scope)) if scope["type"] == "http" else None
        try:
            await self.app(scope, receive, send)
        finally:
            if call is not None and scope["method"] == "GET":
                self._forget(call[1])
