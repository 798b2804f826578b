"""A running page as `fuzz.py` asks it: every event it has, with senseless values."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from hypothesis import strategies as st

from tests.mutated import PORTRAIT, questions, spoiled_pictures

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 120.0  # seconds for one answer
_SESSION = 40  # questions of one visitor
_OURS = (str(ROOT / "app"), str(ROOT / "sadal_core"))


class Asked(NamedTuple):
    """One thing that is done to the page.

    Attributes:
        kind: event, endpoint, upload or raw.
        number: of the event.
        data: for each of its parts a value, or "own" for the one that it has on the page.
        event: what a part of the page would say happened.
        content: of an upload, or of a body that is no question at all.
    """

    kind: str
    number: int
    data: list[Any]
    event: Any
    content: bytes


class AskedPage:
    """The page, and a visitor who makes no sense."""

    def __init__(self, url: str, log: Path, process: "subprocess.Popen[bytes]") -> None:
        self.client = httpx.Client(base_url=url, timeout=_PATIENCE)
        self.config = self.client.get("/config").raise_for_status().json()
        self.values = {one["id"]: one["props"].get("value") for one in self.config["components"]}
        self.events = [one for one in self.config["dependencies"] if one["backend_fn"]]
        self.refused_by_gradio = 0
        self._log, self._read, self._process = log, log.stat().st_size, process
        self._session, self._left = "", 0

    def ask(self, asked: Asked) -> str:
        """What came of it.

        Raises:
            AssertionError: a failure, in words.
        """
        outcome = getattr(self, f"_{asked.kind}")(asked)
        self._look_at_log()
        return f"{asked.kind} {outcome}"

    def alive(self) -> bool:
        """Whether the page still estimates a face rightly."""
        with PORTRAIT.open("rb") as file:
            sent = self.client.post("/gradio_api/upload", files={"files": ("a.jpg", file)})
        value = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
        answer = self._call({"data": [value]})
        return self._process.poll() is None and '"age"' in answer

    def _event(self, asked: Asked) -> str:
        if self._left == 0:
            self._session, self._left = secrets.token_hex(8), _SESSION
        self._left -= 1
        event = self.events[asked.number % len(self.events)]
        own = [self.values.get(part) for part in event["inputs"]]
        data = [
            kept if given == "own" else given
            for kept, given in zip(own, asked.data + ["own"] * len(own), strict=False)
        ]
        body = {
            "data": data, "fn_index": event["id"], "session_hash": self._session,
            "event_data": asked.event, "trigger_id": None,
        }  # fmt: skip
        way = "/gradio_api/queue/join" if event["queue"] is not False else "/gradio_api/run/predict"
        reply = self.client.post(way, json=body)
        assert reply.status_code < 500 or event["queue"] is False, reply.text
        if reply.status_code != 200:
            return f"refused with {reply.status_code}"
        if event["queue"] is False:
            return "answered"
        return self._heard(reply.json()["event_id"])

    def _heard(self, number: str) -> str:
        end = time.monotonic() + _PATIENCE
        stream = f"/gradio_api/queue/data?session_hash={self._session}"
        with self.client.stream("GET", stream) as lines:
            for line in lines.iter_lines():
                assert time.monotonic() < end, "no answer"
                message = json.loads(line[6:]) if line.startswith("data: ") else {}
                if message.get("event_id") == number and message["msg"] == "process_completed":
                    return "answered" if message["success"] else "refused in words"
        raise AssertionError("the stream ended without an answer")

    def _endpoint(self, asked: Asked) -> str:
        answer = self._call({"data": asked.data})
        return "refused" if "event: error" in answer or not answer else "answered"

    def _call(self, body: Any) -> str:
        begun = self.client.post("/gradio_api/call/estimate", json=body)
        assert begun.status_code < 500, begun.text
        if begun.status_code != 200:
            return ""
        return self.client.get(f"/gradio_api/call/estimate/{begun.json()['event_id']}").text

    def _upload(self, asked: Asked) -> str:
        sent = self.client.post("/gradio_api/upload", files={"files": ("a.png", asked.content)})
        assert sent.status_code == 200, sent.text
        value = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}, "orig_name": "a"}
        return "refused" if "event: error" in self._call({"data": [value]}) else "answered"

    def _raw(self, asked: Asked) -> str:
        ways = ("queue/join", "call/estimate", "upload", "cancel", "reset", "run/predict")
        way = ways[asked.number % len(ways)]
        kind = ("application/json", "multipart/form-data; boundary=x", "text/plain")
        headers = {"content-type": kind[len(asked.content) % len(kind)]}
        start = b"--x\r\n" if "boundary" in headers["content-type"] else b""
        reply = self.client.post(
            f"/gradio_api/{way}", content=start + asked.content, headers=headers
        )
        assert reply.status_code < 500, f"{way}: {reply.text}"
        return f"{reply.status_code // 100}xx"

    def _look_at_log(self) -> None:
        """Tell tracebacks of our code, which are failures, from those of Gradio's own checks."""
        with self._log.open("rb") as file:
            file.seek(self._read)
            new = file.read().decode("utf-8", "replace")
        self._read += len(new.encode())
        for trace in new.split("Traceback (most recent call last)")[1:]:
            assert not any(ours in trace for ours in _OURS), trace[-1500:]
            self.refused_by_gradio += 1
        assert self._process.poll() is None, "the server has ended"


@st.composite
def senseless(draw: st.DrawFn) -> Asked:
    """Something that is done to the page: mostly one of its events."""
    kind = draw(st.sampled_from(("event",) * 7 + ("endpoint", "upload", "raw")))
    number = draw(st.integers(0, 10**6))
    if kind == "event":
        value = st.one_of(st.just("own"), questions())
        return Asked(kind, number, draw(st.lists(value, max_size=8)), draw(questions()), b"")
    if kind == "endpoint":
        return Asked(kind, number, draw(st.lists(questions(), max_size=3)), None, b"")
    content = draw(spoiled_pictures() if kind == "upload" else st.binary(max_size=300))
    return Asked(kind, number, [], None, content)


@contextmanager
def asked_page(place: Path, port: int) -> Iterator[AskedPage]:
    """The page in a process of its own, its log in the folder `place`."""
    log = place / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port)], cwd=ROOT, stdout=out,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        while "The model is loaded" not in log.read_text("utf-8", "replace"):
            assert process.poll() is None, log.read_text("utf-8", "replace")
            time.sleep(0.2)
        url = log.read_text("utf-8", "replace").partition("The page is at ")[2].split()[0]
        yield AskedPage(url, log, process)
    finally:
        process.terminate()
        process.wait(timeout=30)
