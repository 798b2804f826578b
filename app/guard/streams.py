"""A browser's stream of answers stays open between answers.

Gradio closes it after each last answer and its browser opens it with the next question. A question
that is asked while the message of closing is under way is accepted, but its answer is never
fetched: the browser still took the stream for open. Here the stream outlasts short pauses, and
where it was closed a moment ago, the next question is acknowledged only after the browser must
have heard of it.
"""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.guard.http import ANSWERS, JOIN, path_of
from app.guard.sessions import Session

IDLE: Final = 5.0  # seconds without a question after which a stream is closed
_HEARD: Final = 0.3  # seconds in which a browser has surely read what was sent
_CLOSING: Final = b'"close_stream"'


class KeptStreams:
    """Holds the message of closing back; only for browsers, since a program waits for its end."""

    def __init__(self, app: ASGIApp, *, idle: float = IDLE, heard: float = _HEARD) -> None:
        self.app, self._idle, self._heard = app, idle, heard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        session: Session | None = scope.get("sadal.session")
        path = path_of(scope) if scope["type"] == "http" else ""
        if session is None or not session.owner:
            await self.app(scope, receive, send)
        elif path == JOIN:
            await self.app(scope, receive, self._acknowledging(session, send))
        elif path == ANSWERS:
            await self._answers(session, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _acknowledging(self, session: Session, send: Send) -> Send:
        async def later(message: Message) -> None:
            if message["type"] == "http.response.start":
                session.asked.set()
                passed = asyncio.get_running_loop().time() - session.closed_at
                await asyncio.sleep(max(0.0, self._heard - passed))
            await send(message)

        return later

    async def _answers(self, session: Session, scope: Scope, receive: Receive, send: Send) -> None:
        """One stream to the browser, of as many of Gradio's as there are within the pauses."""
        gone = asyncio.ensure_future(_gone(receive))
        stream = _Stream(session, send)
        try:
            while True:
                await self.app(scope, _until(gone), stream.pass_on)
                if stream.closing is None:  # Gradio ended it for a reason of its own
                    return
                if not await self._asked_again(session, gone):
                    break
            if gone.done():
                return
            session.closed_at = asyncio.get_running_loop().time()
            await send({**stream.closing, "more_body": False})
        finally:
            gone.cancel()

    async def _asked_again(self, session: Session, gone: "asyncio.Future[None]") -> bool:
        """Whether a question comes before the pause is over and the browser gone."""
        asked = asyncio.ensure_future(session.asked.wait())
        await asyncio.wait((asked, gone), timeout=self._idle, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        return session.asked.is_set() and not gone.done()


class _Stream:
    """What goes to the browser.

    Attributes:
        closing: Gradio's message of closing, held back; None while there is none.
    """

    def __init__(self, session: Session, send: Send) -> None:
        self.closing: Message | None = None
        self._session, self._send, self._started = session, send, False

    async def pass_on(self, message: Message) -> None:
        """Pass a message on; of several streams the first gives the head and the last the end."""
        if message["type"] == "http.response.start":
            self.closing = None
            if not self._started:
                self._started = True
                await self._send(message)
        elif _CLOSING in message.get("body", b""):
            # Nothing is being answered now; what is asked from here on needs another stream.
            self.closing = message
            self._session.asked.clear()
        elif message.get("more_body") or self.closing is None:
            await self._send(message)


async def _gone(receive: Receive) -> None:
    """Wait until the browser has closed the stream."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _until(gone: "asyncio.Future[None]") -> Receive:
    async def receive() -> Message:
        await asyncio.shield(gone)
        return {"type": "http.disconnect"}

    return receive
