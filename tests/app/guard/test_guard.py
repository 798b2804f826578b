"""Addresses, headers, bodies and sessions, each part alone."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.guard.bodies import MAX_JSON, Bodies
from app.guard.headers import HEADERS, SafeHeaders
from app.guard.routes import KnownRoutes, known
from app.guard.sessions import COOKIE, OwnSessions
from sadal_core.faces.image import MAX_BYTES
from tests.app.guard.asgi import Inner, Reply, answered, request

JOIN = "/gradio_api/queue/join"
JSON = {"content-type": "application/json"}


def ask(part: Any, *arguments: Any, body: Any = (b"",), **options: Any) -> Reply:
    return asyncio.run(answered(part, request(*arguments, **options), body))


def posted(part: Any, value: Any, path: str = JOIN, **headers: str) -> Reply:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return ask(part, path, "POST", headers={**JSON, **headers}, body=(body,))


@pytest.mark.parametrize(
    "path",
    ["/", "/config", "/theme.css", "/assets/index-1.js", "/static/img/logo.svg", "/login",
     JOIN, "/gradio_api/queue/data", "/gradio_api/heartbeat/abc", "/gradio_api/upload",
     "/gradio_api/file=/tmp/sadal-1/face.png", "/gradio_api/call/estimate",
     "/gradio_api/call/estimate/0123", "/gradio_api/info", "/gradio_api/info/"],
)  # fmt: skip
def test_what_the_page_needs_is_passed_on(path: str) -> None:
    inner = Inner()
    assert ask(KnownRoutes(inner), path).status == 200
    assert len(inner.scopes) == 1


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/proxy=http://192.0.2.1/", "/gradio_api/file=http://192.0.2.1/a.png",
     "/gradio_api/file=HTTPS://192.0.2.1/a.png", "/gradio_api/component_server",
     "/gradio_api/process_recording", "/gradio_api/vibe-edit", "/gradio_api/vibe-code/",
     "/gradio_api/run-history/records", "/gradio_api/runs", "/monitoring", "/monitoring/summary",
     "/gradio_api/deep_link", "/gradio_api/api/predict", "/gradio_api/run/estimate",
     "/gradio_api/call/uploaded", "/gradio_api/stream/1/2/3/playlist.m3u8",
     "/gradio_api/dev/reload", "/gradio_api/custom_component/a/b/c/d", "/docs", "/x/../config",
     "/gradio_api/heartbeat/a/b", "//config"],
)  # fmt: skip
def test_what_it_does_not_need_is_not_there(path: str) -> None:
    inner = Inner()
    assert ask(KnownRoutes(inner), path).status == 404
    assert inner.scopes == []


@given(st.text(min_size=1))
def test_no_address_breaks_the_list(path: str) -> None:
    assert known("/" + path) in (True, False)


def test_every_answer_has_the_headers_also_a_refusal() -> None:
    for path, status in (("/", 200), ("/docs", 404)):
        reply = ask(SafeHeaders(KnownRoutes(Inner())), path)
        assert reply.status == status
        assert {name: reply.headers[name.lower()] for name in HEADERS} == HEADERS
    assert "cache-control" not in ask(SafeHeaders(Inner()), "/").headers
    assert ask(SafeHeaders(Inner()), "/gradio_api/info").headers["cache-control"] == "no-store"


def test_the_policy_names_no_other_host() -> None:
    policy = HEADERS["Content-Security-Policy"]
    sources = {word for part in policy.split("; ") for word in part.split()[1:]}
    assert sources == {"'self'", "'unsafe-inline'", "'unsafe-eval'", "'none'", "data:", "blob:"}


def bodies(inner: Inner, room: bool = True) -> Bodies:
    return Bodies(inner, has_room=lambda: room)


def test_a_body_reaches_what_lies_behind_as_it_was_and_parsed() -> None:
    inner = Inner()
    sent = json.dumps({"data": [{"path": "/tmp/a.png"}], "session_hash": "s"}).encode()
    reply = ask(bodies(inner), JOIN, "POST", headers=JSON, body=(sent[:5], sent[5:9], sent[9:]))
    assert reply.body == b"inner"
    assert inner.bodies == [sent]
    assert inner.scopes[0]["sadal.body"]["session_hash"] == "s"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"NaN,", b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500,
     json.dumps({"data": json.loads("[" * 40 + "]" * 40)}).encode()],
)  # fmt: skip
def test_what_is_no_json_or_too_deep_is_refused(body: bytes) -> None:
    inner = Inner()
    reply = posted(bodies(inner), body)
    assert (reply.status, reply.sentence) == (400, "This request is not well-formed JSON.")
    assert inner.bodies == []


@pytest.mark.parametrize("path", ["http://192.0.2.1/a.png", "HTTPS://x/a", " https://x/a"])
def test_a_file_at_an_address_is_refused(path: str) -> None:
    inner = Inner()
    reply = posted(bodies(inner), {"data": [[{"deep": {"path": path, "meta": {}}}]]})
    assert reply.status == 422
    assert "send the picture itself" in reply.sentence
    assert inner.bodies == []


@pytest.mark.parametrize("announced", [True, False])
def test_an_oversized_json_is_refused_before_it_is_kept(announced: bool) -> None:
    inner, piece = Inner(), b" " * 2**20
    headers = {**JSON, "content-length": str(MAX_JSON + 1)} if announced else JSON
    taken = 0

    def pieces() -> Any:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield piece

    async def go() -> Reply:
        given = pieces()

        async def receive() -> Any:
            return {"type": "http.request", "body": next(given), "more_body": True}

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await bodies(inner)(request(JOIN, "POST", headers=headers), receive, send)
        return Reply(sent[0]["status"], {}, sent[1]["body"])

    reply = asyncio.run(go())
    assert reply.status == 413
    assert "larger than 16 MB" in reply.sentence
    assert taken == (0 if announced else 17)
    assert inner.bodies == []


def test_an_upload_above_the_limit_is_broken_off() -> None:
    inner, piece = Inner(), b" " * (4 * 2**20)
    upload = "/gradio_api/upload"
    reply = ask(bodies(inner), upload, "POST", headers={"content-length": str(2 * MAX_BYTES)})
    assert reply.status == 413
    ask(bodies(inner), upload, "POST", body=[piece] * 20)
    assert inner.broken == 1
    assert len(inner.bodies[0]) <= MAX_BYTES + 64 * 1024
    ask(bodies(inner), upload, "POST", body=[piece] * 3)
    assert inner.bodies[1] == piece * 3


def test_without_room_an_upload_is_refused_with_a_sentence() -> None:
    reply = ask(bodies(Inner(), room=False), "/gradio_api/upload", "POST", body=(b"x",))
    assert reply.status == 507
    assert "Try again in a minute" in reply.sentence


def test_a_password_is_no_json_and_passes() -> None:
    inner = Inner()
    form = {"content-type": "application/x-www-form-urlencoded"}
    reply = ask(bodies(inner), "/login", "POST", headers=form, body=(b"username=a&password=b",))
    assert reply.status == 200
    assert inner.bodies == [b"username=a&password=b"]


class Browser:
    """Somebody with a cookie of the page, or a program without one."""

    def __init__(self, part: Any, *, cookie: bool = True) -> None:
        self.part, self.headers = part, dict[str, str]()
        if cookie:
            given = ask(part, "/").headers["set-cookie"]
            assert "HttpOnly" in given
            assert "SameSite=Lax" in given
            self.headers = {"cookie": given.partition(";")[0]}

    def ask(self, path: str, query: str = "") -> int:
        return ask(self.part, path, query=query, headers=self.headers).status

    def join(self, session: Any) -> int:
        return posted(self.part, {"session_hash": session}, **self.headers).status


@pytest.fixture
def part() -> Any:
    return Bodies(OwnSessions(Inner(), kept=5), has_room=lambda: True)


def test_a_session_is_unknown_to_everybody_else(part: Any) -> None:
    mine, other, program = Browser(part), Browser(part), Browser(part, cookie=False)
    assert mine.join("s") == mine.ask("/gradio_api/queue/data", "session_hash=s") == 200
    assert mine.ask("/gradio_api/heartbeat/s") == 200
    for stranger in (other, program):
        assert stranger.join("s") == 404
        assert stranger.ask("/gradio_api/queue/data", "session_hash=s") == 404
        assert stranger.ask("/gradio_api/queue/data", "session_hash=x&session_hash=s") == 404
        assert stranger.ask("/gradio_api/heartbeat/s") == 404
    assert program.join("p") == program.ask("/gradio_api/queue/data", "session_hash=p") == 200
    assert mine.ask("/gradio_api/queue/data", "session_hash=p") == 404


@pytest.mark.parametrize("name", ["", "x" * 129, 7, ["s"], {"s": 1}, True])
def test_what_is_no_name_of_a_session_is_refused(part: Any, name: Any) -> None:
    assert Browser(part).join(name) == 404


def test_a_known_browser_keeps_its_cookie_and_odd_ones_do_no_harm(part: Any) -> None:
    mine = Browser(part)
    assert "set-cookie" not in ask(part, "/", headers=mine.headers).headers
    for odd in ("", ";;;", f"{COOKIE}", f"{COOKIE}=", "a b=c", '"', f"{COOKIE}=\x00"):
        assert ask(part, "/", headers={"cookie": odd}).status == 200


def test_the_memory_of_sessions_is_bounded(part: Any) -> None:
    mine, other = Browser(part), Browser(part)
    for number in range(6):
        assert mine.join(f"s{number}") == 200
    assert other.join("s0") == 200  # forgotten, and so free again
    assert other.join("s5") == 404


def test_over_https_the_cookie_is_secure(part: Any) -> None:
    scope = {**request("/"), "scheme": "https"}
    assert asyncio.run(answered(part, scope)).headers["set-cookie"].endswith("; Secure")
