"""`/estimate` as a tool of assistants, asked by the protocol's own client."""

import base64
import importlib.util
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

from app.serve import check_tools, main
from app.tabs.estimate.photo import EXAMPLE
from sadal_core.errors import ConfigError
from tests.served import served

# Gradio 6.31 counts its requests in ways that pandas 3 is giving up.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
PICTURE = "data:image/jpeg;base64," + base64.b64encode(EXAMPLE.read_bytes()).decode()


@pytest.fixture(scope="module")
def page() -> Iterator[tuple[str, Path]]:
    with served(36, 9, tools=True) as found:
        yield found


def asked(url: str, question: Callable[[ClientSession], Awaitable[Any]]) -> Any:
    """The answer to an assistant that has just connected."""

    async def ask() -> Any:
        async with (
            streamable_http_client(f"{url}gradio_api/mcp/") as (read, write, *_),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await question(session)

    return anyio.run(ask)


def called(url: str, **arguments: Any) -> CallToolResult:
    return asked(url, lambda session: session.call_tool("estimate", arguments))


def words(answer: CallToolResult) -> str:
    (content,) = answer.content
    assert isinstance(content, TextContent)
    return content.text


def test_estimate_is_the_only_tool_and_says_what_it_takes(page: tuple[str, Path]) -> None:
    listed = asked(page[0], lambda session: session.list_tools())
    (tool,) = listed.tools
    assert tool.name == "estimate"
    assert "Age of every face" in tool.description
    assert tool.inputSchema["properties"]["image"]["type"] == "string"
    assert "data URL" in tool.inputSchema["properties"]["image"]["format"]


def test_a_picture_gives_ages_as_json_and_touches_no_disk(page: tuple[str, Path]) -> None:
    url, uploads = page
    answer = called(url, image=PICTURE)
    assert not answer.isError
    assert [round(face["age"]) for face in json.loads(words(answer))["faces"]] == [36, 9]
    assert list(uploads.rglob("*")) == []


@pytest.mark.parametrize(
    "picture",
    ["http://127.0.0.1:1/me.jpg", "https://example.org/me.jpg", "/etc/hostname", str(EXAMPLE)],
)
def test_nothing_is_fetched_or_opened_for_an_assistant(
    page: tuple[str, Path], picture: str
) -> None:
    answer = called(page[0], image=picture)
    assert answer.isError
    assert "send the picture itself" in words(answer)


def test_what_is_no_picture_gets_its_sentence_and_the_next_one_is_answered(
    page: tuple[str, Path],
) -> None:
    answer = called(page[0], image="data:image/png;base64,AAAA")
    assert answer.isError
    assert "is not a picture that can be read" in words(answer)
    assert not called(page[0], image=PICTURE).isError


@pytest.mark.parametrize("address", ["mcp/sse", "mcp/schema", "mcp/messages", "mcp/http"])
def test_of_gradios_addresses_for_tools_one_alone_exists(
    page: tuple[str, Path], address: str
) -> None:
    assert httpx.post(f"{page[0]}gradio_api/{address}", json={}).status_code == 404
    assert httpx.get(f"{page[0]}gradio_api/{address}").status_code == 404


def test_without_the_option_there_is_no_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_MCP_SERVER", "true")  # Gradio's own switch does not open it
    with served(36) as (url, _):
        assert httpx.post(f"{url}gradio_api/mcp/", json={}).status_code == 404


def test_a_missing_package_and_a_password_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="cannot ask for a password"):
        check_tools(tmp_path)
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "mcp" else found(name)
    )
    for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, "")
    assert main(["--mcp", "--model", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "--mcp needs the package mcp, below version 2: pip install 'mcp<2'.\n"
    )
