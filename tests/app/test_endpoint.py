"""The endpoint over HTTP, with a stand-in for the model."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app.serve import free_port, launch, private_folder
from app.tabs.estimate.photo import EXAMPLE
from tests.app.conftest import emptied
from tests.fakes import MANIFEST, estimate_of, services_for

# Gradio 6.31 counts its requests in ways that pandas 3 is giving up.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Client, Path]]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED", "HF_HUB_OFFLINE"):
            patch.setenv(name, "")  # so that what `private_folder` sets is undone
        with private_folder() as uploads:
            services = services_for([estimate_of(36), estimate_of(9)], uploads=uploads)
            demo, url = launch(services, "127.0.0.1", free_port("127.0.0.1", 7900))
            try:
                yield Client(url, verbose=False), uploads
            finally:
                demo.close(verbose=False)


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


def test_files_of_this_machine_cannot_be_read_through_it(served: tuple[Client, Path]) -> None:
    client, _ = served
    stolen = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(AppError):
        client.predict(stolen, api_name="/estimate")


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
