"""The benchmark of load: what it counts, and that it asks as the installed Gradio wants it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.private import private_folder
from app.serve import free_port, launch
from benchmarks import load, visitors
from benchmarks.page import held
from benchmarks.visitors import Outcome, Visitors, check_here, summary
from sadal_core.errors import ConfigError
from tests.fakes import estimate_of, services_for

HERE = "http://127.0.0.1:1/"
ROOT = Path(__file__).parents[2]

# Gradio 6.31 counts its requests in ways that pandas 3 is giving up.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

Reply = Callable[[], httpx.Response]


def stream(event: str, data: Any) -> Reply:
    return lambda: httpx.Response(200, text=f"event: {event}\ndata: {json.dumps(data)}\n\n")


def faces(*ages: float) -> Reply:
    return stream("complete", [{"faces": [{"age": age} for age in ages]}])


def told(status: int, sentence: str) -> Reply:
    return lambda: httpx.Response(status, json={"detail": sentence})


def uploaded() -> httpx.Response:
    return httpx.Response(200, json=["/tmp/a.jpg"])


def called() -> httpx.Response:
    return httpx.Response(200, json={"event_id": "e1"})


def broken() -> httpx.Response:
    raise httpx.ReadError("gone")


def asked(*, upload: Reply = uploaded, call: Reply = called, answers: list[Reply]) -> list[Outcome]:
    """What comes of as many questions as there are answers, from a stand-in for the page."""
    left = iter(answers)

    def reply(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            assert request.url.path == "/gradio_api/call/estimate/e1"
            return next(left)()
        return upload() if request.url.path == "/gradio_api/upload" else call()

    async def ask() -> list[Outcome]:
        transport = httpx.MockTransport(reply)
        async with Visitors(HERE, {"a.jpg": b"picture"}, transport=transport) as some:
            return [await some.ask(number) for number in range(len(answers))]

    return asyncio.run(ask())


@pytest.mark.parametrize("url", ["http://127.0.0.1:7860/", "http://localhost:1/", "http://[::1]/"])
def test_a_page_on_this_machine_may_be_asked(url: str) -> None:
    check_here(url)


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "http://10.0.0.1:7860", "http://0.0.0.0:7860", "127.0.0.1:7860", "",
     "http://localhost.example.com/", "http://127.0.0.1@example.com/"],
)  # fmt: skip
def test_no_other_host_is_put_under_load(url: str) -> None:
    with pytest.raises(ConfigError, match="not on this machine"):
        Visitors(url, {})


def test_an_answer_is_one_that_says_the_same_as_the_first() -> None:
    first, again, other, fewer, none = asked(
        answers=[faces(33, 9), faces(33.01, 9), faces(40, 9), faces(33), faces()]
    )
    assert (first.kind, first.ages) == ("answered", (33, 9))
    assert again.kind == "answered"
    assert [one.kind for one in (other, fewer, none)] == ["failed"] * 3
    assert "(40, 9) instead of (33, 9)" in other.words
    assert 0 <= first.seconds < visitors.PATIENCE


def test_a_picture_without_an_age_is_no_answer_even_if_it_is_the_first() -> None:
    assert [one.kind for one in asked(answers=[faces(), faces()])] == ["failed"] * 2


@pytest.mark.parametrize(
    ("page", "kind", "words"),
    [
        ({"call": told(503, "Queue is full. Max size is 64.")}, "refused", "Queue is full"),
        ({"upload": told(507, "The page holds as many pictures as it can.")}, "refused", "as many"),
        ({"call": told(503, "Queue is stopped.")}, "failed", "503"),
        ({"upload": told(500, "Queue is full.")}, "failed", "500"),
        ({"call": told(404, "Nothing here.")}, "failed", "404"),
        ({"call": broken}, "failed", "ReadError at /gradio_api/call/estimate"),
        ({"upload": lambda: httpx.Response(200, json=[])}, "failed", "IndexError"),
        ({"answers": [stream("error", {"error": "no face"})]}, "failed", "no answer"),
        ({"answers": [stream("heartbeat", None)]}, "failed", "no answer"),
        ({"answers": [told(404, "unknown")]}, "failed", "404"),
    ],
)
def test_full_is_refused_and_everything_else_has_failed(
    page: dict[str, Any], kind: str, words: str
) -> None:
    (outcome,) = asked(**{"answers": [faces(33)], **page})
    assert outcome.kind == kind
    assert words in outcome.words


def test_a_visitor_who_was_refused_pauses_and_asks_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("benchmarks.visitors.asyncio.sleep", sleep)
    full = iter([False, True, False])

    def reply(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return faces(33)()
        if request.url.path == "/gradio_api/upload":
            return uploaded()
        return told(503, "Queue is full.")() if next(full) else called()

    async def stay() -> list[Outcome]:
        transport = httpx.MockTransport(reply)
        async with Visitors(HERE, {"a.jpg": b"picture"}, transport=transport) as some:
            return await some.stay(0, 3)

    assert [one.kind for one in asyncio.run(stay())] == ["answered", "refused", "answered"]
    assert len(pauses) == 1


def test_the_summary_counts_all_and_times_the_answered() -> None:
    outcomes = [
        *(Outcome("answered", seconds / 100) for seconds in range(101)),
        Outcome("refused", 50.0, "Queue is full."), *[Outcome("failed", 70.0, "broken")] * 9,
    ]  # fmt: skip
    made = summary(outcomes, 10.0)
    assert {name: made[name] for name in ("asked", "answered", "refused", "failed")} == {
        "asked": 111, "answered": 101, "refused": 1, "failed": 9,
    }  # fmt: skip
    assert made["answers_per_second"] == pytest.approx(10.1)
    assert made["median_s"] == pytest.approx(0.5)
    assert made["percentile_99_s"] == pytest.approx(0.99)
    assert made["refusal"] == "Queue is full."
    assert made["failures"] == ["broken"] * 5
    assert summary([], 1.0)["median_s"] is None


def test_the_slope_is_that_of_the_memory_after_the_first_estimates() -> None:
    grows = [(number, 500_000 + 3 * number // 10) for number in range(1000, 10_100, 100)]
    settling = [(number, 400_000 + 100 * number) for number in range(0, 1000, 100)]
    assert load.slope(settling + grows, 1000) == pytest.approx(300, abs=1)
    assert load.slope(settling + grows, 0) > 1000


def test_the_pictures_are_the_example_in_two_sizes() -> None:
    from sadal_core.faces.image import decode

    sizes = [decode(content).shape for content in load.pictures().values()]
    assert sizes == [(512, 512, 3), (480, 640, 3)]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_open_file_and_memory_are_seen(tmp_path: Path) -> None:
    before = held(os.getpid())
    assert before.memory_kb > 10_000
    assert before.threads >= 1
    with (tmp_path / "a").open("w"):
        assert held(os.getpid()).descriptors == before.descriptors + 1


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED", "HF_HUB_OFFLINE"):
            patch.setenv(name, "")  # so that what `private_folder` sets is undone
        with private_folder() as uploads:
            services = services_for([estimate_of(33)], uploads=uploads)
            demo, url = launch(services, "127.0.0.1", free_port("127.0.0.1", 7680))
            try:
                yield url
            finally:
                demo.close(verbose=False)


def test_visitors_of_a_page_are_answered(page: str) -> None:
    async def visit() -> dict[str, Any]:
        async with Visitors(page, load.pictures()) as some:
            return await load.at_once(os.getpid(), some, 6, 12, 0)

    made = asyncio.run(visit())
    assert (made["asked"], made["answered"]) == (12, 12), made["failures"]
    assert made["memory_mb"]["most"] >= made["memory_mb"]["before"] > 10


@pytest.mark.parametrize(
    "arguments",
    [["--visitors", "257"], ["--visitors", "0"], ["--asked", "100000"], ["--row", "299"],
     ["--idle", "601"], ["--port", "80"], []],
)  # fmt: skip
def test_arguments_out_of_bounds_are_refused(arguments: list[str]) -> None:
    out = ["--out", "x.json"] if arguments else []
    with pytest.raises(SystemExit) as refused:
        load.options_of([*arguments, *out])
    assert refused.value.code == 2


def test_the_table_shows_what_the_benchmark_writes() -> None:
    answered = [Outcome("answered", 0.25)] * 4
    row = {**summary(answered, 2.0), "skipped_estimates": 1000, "slope_kb_per_1000": -12.4}
    at_once = {
        "visitors": 100, **summary([Outcome("refused", 0.1, "full")], 1.0),
        "memory_mb": {"before": 900.0, "most": 1200.4, "after_idle": 950.0},
    }  # fmt: skip
    standing = {**held(os.getpid())._asdict(), "temporary_files": 0}
    record = {
        "command": "python benchmarks/load.py", "revision": "0" * 40, "machine": {"cores": 2},
        "at_once": {"rows": [at_once]},
        "in_a_row": {**row, "before": standing, "after": {**standing, "temporary_files": 3}},
    }  # fmt: skip
    table = shown(record)
    assert "| 100 | 1 | 0 | 1 | 0 | 0.0 | – | – | 900, 1200, 950 |" in table
    assert "| growth by 1,000 estimates, from the 1,000th on | -12 kB |" in table
    assert "| temporary files before, after | 0, 3 |" in table
    assert "| median, 99 of 100 within | 0.250 s, 0.250 s |" in table


def shown(record: dict[str, Any]) -> str:
    """The table of a record, by the script in its own process: its modules have short names."""
    code = (
        "import json, sys, load_tables; record = json.load(sys.stdin); "
        "load_tables.stored = lambda path: record; print(load_tables.load_table())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(record), capture_output=True, text=True,
        check=True, cwd=ROOT / "scripts", env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        encoding="utf-8", timeout=60,
    )  # fmt: skip
    return done.stdout
