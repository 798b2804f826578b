"""A page with a password, over HTTP."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client

from app.password import checking, login, read_password
from app.serve import free_port, launch
from app.tabs.estimate.photo import EXAMPLE
from sadal_core.errors import ConfigError
from tests.fakes import estimate_of, services_for

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
PASSWORD = "a class of 2026 ß"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    services = services_for([estimate_of(36)])
    demo, url = launch(
        services, "127.0.0.1", free_port("127.0.0.1", 7880), password=PASSWORD
    )  # fmt: skip
    yield url
    demo.close(verbose=False)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "config"), ("GET", "gradio_api/info"), ("POST", "gradio_api/upload"),
     ("POST", "gradio_api/queue/join"), ("POST", "gradio_api/call/estimate"),
     ("GET", "gradio_api/queue/data?session_hash=s"), ("GET", "gradio_api/file=/etc/hostname")],
)  # fmt: skip
def test_without_the_password_nothing_answers(url: str, method: str, path: str) -> None:
    body = {"data": [None]} if method == "POST" else None
    assert httpx.request(method, url + path, json=body).status_code == 401


def test_a_wrong_password_stays_outside_and_the_right_one_enters_under_any_name(url: str) -> None:
    with pytest.raises(ValueError, match="Could not login"):
        Client(url, auth=("anna", "guess"), verbose=False)
    client = Client(url, auth=("anna", PASSWORD), verbose=False)
    answer = client.predict({"path": "", "url": data_url()}, api_name="/estimate")
    assert round(answer["faces"][0]["age"]) == 36


def data_url() -> str:
    return "data:image/jpeg;base64," + base64.b64encode(EXAMPLE.read_bytes()).decode()


def test_wrong_guesses_wait_for_each_other() -> None:
    check = checking(PASSWORD, wrong_seconds=0.05)

    async def guess() -> tuple[list[bool], float]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        answers = await asyncio.gather(*(check("x", str(n)) for n in range(4)))
        took = loop.time() - begun
        assert await check("x", PASSWORD)
        return answers, took

    answers, took = asyncio.run(guess())
    assert answers == [False] * 4
    assert took >= 4 * 0.05


def test_the_password_is_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(f"  {PASSWORD} \nnot this\n", "utf-8")
    assert read_password(path) == PASSWORD
    assert login(None) == {}


@pytest.mark.parametrize("content", [b"", b"\nsecond line", b"short", b"\xff\xfe\xfd" * 5])
def test_no_password_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=str(path)):
        read_password(path)
    with pytest.raises(ConfigError, match="Name a text file"):
        read_password(tmp_path / "nowhere")
