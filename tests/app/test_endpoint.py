"""The endpoint over HTTP, with a stand-in for the model."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app.tabs.estimate.photo import EXAMPLE
from tests.app.conftest import emptied
from tests.fakes import MANIFEST
from tests.served import served as page

# Gradio 6.31 counts its requests in ways that pandas 3 is giving up.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Client, Path]]:
    with page(36, 9) as (url, uploads):
        yield Client(url, verbose=False), uploads


def test_an_image_gives_faces_and_model(served: tuple[Client, Path]) -> None:
    client, _ = served
    answer = client.predict(handle_file(EXAMPLE), api_name="/estimate")
    assert set(answer) == {"faces", "model"}
    assert [round(face["age"]) for face in answer["faces"]] == [36, 9]
    for face in answer["faces"]:
        assert set(face) == {"box", "age", "age_low", "age_high", "distribution", "warnings"}
        assert len(face["box"]) == 4
        assert len(face["distribution"]) == 101
        assert face["age_low"] <= face["age"] <= face["age_high"]
    assert answer["model"]["metrics"] == MANIFEST["metrics"]


def test_what_was_uploaded_is_gone_after_the_answer(served: tuple[Client, Path]) -> None:
    client, uploads = served
    client.predict(handle_file(EXAMPLE), api_name="/estimate")
    assert emptied(uploads)


def test_a_bad_file_gets_its_sentence_and_the_server_goes_on(
    served: tuple[Client, Path], tmp_path: Path
) -> None:
    client, _ = served
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    with pytest.raises(AppError, match="bad.jpg is not a picture that can be read"):
        client.predict(handle_file(bad), api_name="/estimate")
    assert client.predict(handle_file(EXAMPLE), api_name="/estimate")["faces"]


@pytest.mark.parametrize(
    "path", ["/etc/hostname", "../../etc/hostname", str(EXAMPLE), "file:///etc/hostname", "\0", ""]
)
def test_no_path_but_that_of_an_upload_is_opened(served: tuple[Client, Path], path: str) -> None:
    """Not even of a file that the page serves to everybody."""
    client, uploads = served
    assert "event: error" in called(client.src, path)
    link = uploads / "link"
    link.symlink_to(EXAMPLE)
    try:
        assert "event: error" in called(client.src, str(link))
    finally:
        link.unlink(missing_ok=True)
    assert EXAMPLE.is_file()


def called(address: str, path: str) -> str:
    """What the endpoint says to a path; `gradio_client` would send the file itself."""
    body = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
    begun = httpx.post(f"{address}gradio_api/call/estimate", json=body)
    number = begun.json()["event_id"]
    return httpx.get(f"{address}gradio_api/call/estimate/{number}", timeout=60).text


def test_a_picture_at_an_address_is_not_fetched(served: tuple[Client, Path]) -> None:
    client, _ = served
    with http_server() as (address, asked):
        path = f"{address}/face.png"
        for url in (path, path.replace("http", "HTTP")):
            body = {"data": [{"path": url, "meta": {"_type": "gradio.FileData"}}]}
            reply = httpx.post(f"{client.src}gradio_api/call/estimate", json=body)
            assert reply.status_code == 422
            assert "send the picture itself" in reply.json()["detail"]
        for way in (f"file={path}", f"proxy={path}"):
            assert httpx.get(f"{client.src}gradio_api/{way}").status_code == 404
    assert asked == []


@contextmanager
def http_server() -> Iterator[tuple[str, list[str]]]:
    """A server of pictures on this machine, and the paths that it was asked for."""
    asked: list[str] = []

    class Pictures(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(EXAMPLE.read_bytes())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_several_requests_at_once_are_all_answered(
    served: tuple[Client, Path],
) -> None:
    """The same picture from all, which Gradio by itself stores as one file."""
    client, _ = served

    def ask(_: int) -> int:
        return len(client.predict(handle_file(EXAMPLE), api_name="/estimate")["faces"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(16))) == [2] * 16


def test_the_api_page_offers_nothing_else(served: tuple[Client, Path]) -> None:
    client, _ = served
    described: Any = client.view_api(print_info=False, return_format="dict")
    assert list(described["named_endpoints"]) == ["/estimate"]
    assert described["unnamed_endpoints"] == {}
