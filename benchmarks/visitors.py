"""Programs that visit the endpoint `/estimate`: an upload, a call, the stream of its answer."""

import asyncio
import ipaddress
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

import httpx
import numpy as np

from sadal_core.errors import ConfigError

PATIENCE: Final = 120.0  # seconds for one question, from the upload to the answer
_PAUSE: Final = 1.0  # seconds until a visitor who was refused asks the next question
_FULL: Final = {503: "full", 507: "as many pictures"}  # words of a page that is full
_SAME_AGE: Final = 0.05  # years
_KEPT_FAILURES: Final = 5


class Outcome(NamedTuple):
    """What came of a question.

    Attributes:
        kind: answered, refused or failed.
        seconds: from the upload to it.
        words: of a refusal or failure.
        ages: of an answer, largest face first.
    """

    kind: str
    seconds: float
    words: str = ""
    ages: tuple[float, ...] = ()


class Refused(Exception):
    """The page is full, and says so in a sentence."""


def check_here(url: str) -> None:
    """Only a page on this machine may be put under load.

    Raises:
        ConfigError: it is somewhere else.
    """
    host = urlsplit(url).hostname or ""
    try:
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    if not here:
        raise ConfigError(f"{url!r} is not on this machine. Start the page on 127.0.0.1.")


class Visitors:
    """Those who ask the page, and what is the right answer.

    Attributes:
        expected: ages by name of the picture, once they are known.
    """

    def __init__(
        self,
        url: str,
        pictures: Mapping[str, bytes],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        check_here(url)
        self.pictures = tuple(pictures.items())
        self.expected: dict[str, tuple[float, ...]] = {}
        self._client = httpx.AsyncClient(
            base_url=url, timeout=PATIENCE, transport=transport, trust_env=False,
            # A connection for each request, as `gradio_client` does it: the page may close one that
            # is kept at the moment in which it is used again.
            limits=httpx.Limits(max_keepalive_connections=0),
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        """The visitors themselves."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def ask(self, number: int) -> Outcome:
        """The answer to the question of that number; pictures take turns.

        A picture's first answer is taken for right, and each that differs from it for a failure.
        """
        name, content = self.pictures[number % len(self.pictures)]
        start = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                ages = await self._ages(name, content)
        except Refused as refused:
            return Outcome("refused", time.perf_counter() - start, str(refused))
        except Exception as error:  # whatever it is, the visitor has no answer
            return Outcome("failed", time.perf_counter() - start, told(error))
        seconds = time.perf_counter() - start
        expected = self.expected.setdefault(name, ages)
        if not ages or not same_ages(ages, expected):
            return Outcome("failed", seconds, f"{name}: ages {ages} instead of {expected}")
        return Outcome("answered", seconds, ages=ages)

    async def stay(self, first: int, questions: int) -> list[Outcome]:
        """One visitor's questions, one after the other."""
        outcomes = []
        for number in range(first, first + questions):
            outcomes.append(await self.ask(number))
            if outcomes[-1].kind == "refused":
                await asyncio.sleep(_PAUSE)
        return outcomes

    async def _ages(self, name: str, content: bytes) -> tuple[float, ...]:
        sent = await self._client.post(
            "/gradio_api/upload", files={"files": (name, content, "image/jpeg")}
        )
        path = _accepted(sent)[0]
        value = {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}
        begun = await self._client.post("/gradio_api/call/estimate", json={"data": [value]})
        event = _accepted(begun)["event_id"]
        stream = await self._client.get(f"/gradio_api/call/estimate/{event}")
        stream.raise_for_status()
        return ages_of(stream.text)


def summary(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """Counts, speed, and times of the answers."""
    counts = Counter(one.kind for one in outcomes)
    times = [one.seconds for one in outcomes if one.kind == "answered"]
    median, late = np.percentile(times, (50, 99)).tolist() if times else (None, None)
    return {
        "asked": len(outcomes),
        **{kind: counts[kind] for kind in ("answered", "refused", "failed")},
        "seconds": seconds,
        "answers_per_second": len(times) / seconds,
        "median_s": median,
        "percentile_99_s": late,
        "refusal": next((one.words for one in outcomes if one.kind == "refused"), None),
        "failures": [one.words for one in outcomes if one.kind == "failed"][:_KEPT_FAILURES],
    }


def told(error: Exception) -> str:
    """An error in words, and the request that met it."""
    at = f" at {error.request.url.path}" if isinstance(error, httpx.RequestError) else ""
    return f"{type(error).__name__}{at}: {error}"[:500]


def ages_of(stream: str) -> tuple[float, ...]:
    """Ages in a stream of answers that has ended.

    Raises:
        ValueError: there is no answer in it.
    """
    for message in stream.split("\n\n"):
        event, _, data = message.partition("\ndata: ")
        if event == "event: complete":
            return tuple(face["age"] for face in json.loads(data)[0]["faces"])
        if event == "event: error":
            break
    raise ValueError(f"no answer in {stream[-300:]!r}")


def same_ages(ages: tuple[float, ...], expected: tuple[float, ...]) -> bool:
    """Whether two answers say the same."""
    return len(ages) == len(expected) and all(
        abs(one - other) <= _SAME_AGE for one, other in zip(ages, expected, strict=True)
    )


def _accepted(reply: httpx.Response) -> Any:
    """What a reply holds.

    Raises:
        Refused: the page is full.
        httpx.HTTPStatusError: it says anything else.
    """
    if reply.status_code in _FULL:
        sentence = str(reply.json()["detail"])
        if _FULL[reply.status_code] in sentence:
            raise Refused(sentence)
    return reply.raise_for_status().json()
