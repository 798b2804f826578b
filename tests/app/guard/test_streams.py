"""Streams of answers that outlast pauses; Gradio's own is played by `Gradio`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.guard.sessions import Session
from app.guard.streams import KeptStreams
from tests.app.guard.asgi import request

CLOSE = b'data: {"msg":"close_stream"}\n\n'


class Gradio:
    """Its queue: every question is answered at once; the stream closes after each last answer."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()
        self.streams = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head: Message = {"type": "http.response.start", "status": 200, "headers": []}
        if scope["path"].endswith("join"):
            self.messages.put_nowait(b"data: answer\n\n")
            await send(head)
            await send({"type": "http.response.body", "body": b"joined"})
            return
        self.streams += 1
        await send(head)
        left = asyncio.ensure_future(receive())
        while True:
            told = asyncio.ensure_future(self.messages.get())
            await asyncio.wait((left, told), return_when=asyncio.FIRST_COMPLETED)
            if left.done():
                told.cancel()
                return
            await send({"type": "http.response.body", "body": told.result(), "more_body": True})
            if self.messages.empty():
                await send({"type": "http.response.body", "body": CLOSE, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                left.cancel()
                return


class Tab:
    """A browser's tab: asks, and hears the stream that it opened."""

    def __init__(self, part: KeptStreams, owner: str = "browser") -> None:
        self.part, self.session = part, Session(owner)
        self.heard: list[bytes] = []
        self.heads, self.ended = 0, False
        self.left = asyncio.Event()
        self._told = asyncio.Event()

    def _scope(self, path: str, method: str) -> Scope:
        return {**request(f"/gradio_api/queue/{path}", method), "sadal.session": self.session}

    async def join(self) -> None:
        async def send(message: Message) -> None:
            pass

        await self.part(self._scope("join", "POST"), self._receive, send)

    async def listen(self) -> None:
        async def send(message: Message) -> None:
            self.heads += message["type"] == "http.response.start"
            if message.get("body"):
                self.heard.append(message["body"])
            self._told.set()

        await self.part(self._scope("data", "GET"), self._receive, send)
        self.ended = True

    async def has_heard(self, count: int) -> None:
        while len(self.heard) < count:
            self._told.clear()
            await asyncio.wait_for(self._told.wait(), 20)

    async def _receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}


def played(play: Callable[[Gradio, Any], Awaitable[None]], **options: Any) -> None:
    gradio = Gradio()
    asyncio.run(play(gradio, lambda **more: Tab(KeptStreams(gradio, **options), **more)))  # type: ignore[arg-type]


def test_one_stream_carries_the_answers_of_several_questions() -> None:
    async def play(gradio: Gradio, tab_of: Any) -> None:
        tab = tab_of()
        await tab.join()
        listening = asyncio.ensure_future(tab.listen())
        for count in range(1, 6):  # each after Gradio closed its own
            await tab.has_heard(count)
            await tab.join()
        await tab.has_heard(6)
        tab.left.set()
        await asyncio.wait_for(listening, 20)
        assert tab.heard == [b"data: answer\n\n"] * 6
        assert tab.heads == 1
        assert gradio.streams == 6

    played(play, idle=20, heard=0)


def test_after_a_pause_it_is_closed_with_gradios_own_message() -> None:
    async def play(gradio: Gradio, tab_of: Any) -> None:
        tab = tab_of()
        await tab.join()
        await asyncio.wait_for(tab.listen(), 20)
        assert tab.heard == [b"data: answer\n\n", CLOSE]
        await tab.join()  # and the next one begins with a stream of its own
        await asyncio.wait_for(tab.listen(), 20)
        assert tab.heads == 2

    played(play, idle=0.01, heard=0)


def test_a_question_at_the_moment_of_closing_is_acknowledged_after_it_was_heard_of() -> None:
    async def play(gradio: Gradio, tab_of: Any) -> None:
        tab = tab_of()
        await tab.join()
        await asyncio.wait_for(tab.listen(), 20)
        await tab.join()
        assert asyncio.get_running_loop().time() >= tab.session.closed_at + 0.2

    played(play, idle=0.01, heard=0.2)


def test_a_closed_tab_ends_everything() -> None:
    async def play(gradio: Gradio, tab_of: Any) -> None:
        tab = tab_of()
        await tab.join()
        listening = asyncio.ensure_future(tab.listen())
        await tab.has_heard(1)
        tab.left.set()  # during the pause
        await asyncio.wait_for(listening, 20)
        second = tab_of()
        waiting = asyncio.ensure_future(second.listen())
        await asyncio.sleep(0)
        second.left.set()  # while Gradio's stream is open
        await asyncio.wait_for(waiting, 20)
        assert gradio.messages.empty()

    played(play, idle=1000, heard=0)


def test_a_program_gets_gradios_stream_as_it_is() -> None:
    async def play(gradio: Gradio, tab_of: Any) -> None:
        tab = tab_of(owner="")
        await tab.join()
        await asyncio.wait_for(tab.listen(), 20)
        assert tab.heard == [b"data: answer\n\n", CLOSE]

    played(play, idle=1000, heard=1000)


def test_an_error_of_the_stream_is_passed_on() -> None:
    class Broken:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b"broken"})

    async def play() -> None:
        tab = Tab(KeptStreams(Broken(), idle=1000))
        await asyncio.wait_for(tab.listen(), 20)
        assert tab.heard == [b"broken"]

    asyncio.run(play())


def test_other_requests_and_lifespan_pass() -> None:
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"] + scope.get("path", ""))

    async def nothing(*_: Any) -> Any:
        pytest.fail("not asked for")

    async def play() -> None:
        part = KeptStreams(inner)
        await part({"type": "lifespan"}, nothing, nothing)
        await part({**request("/"), "sadal.session": Session("me")}, nothing, nothing)

    asyncio.run(play())
    assert seen == ["lifespan", "http/"]
