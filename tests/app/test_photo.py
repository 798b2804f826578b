from html import unescape
from pathlib import Path
from typing import Any

import pytest

from app import text
from app.main import build_demo
from app.services import Photo
from app.tabs.estimate.photo import EXAMPLE, face_index
from tests.app.conftest import emptied, stored
from tests.fakes import estimate_of, services_for
from tests.page import Page, event


def test_a_photo_shows_stage_panel_figure_details_and_can_be_forgotten(
    uploads: Path, upload: dict[str, str]
) -> None:
    page = Page(services_for([estimate_of(33), estimate_of(8)], uploads=uploads))
    shown = page.call("uploaded", upload)
    assert shown["sadal-stage"]["visible"] is True
    assert shown["sadal-stage"]["value"].count('class="sadal-box"') == 2
    assert shown["sadal-photo"]["value"] is None
    assert '<output id="sadal-age">33</output>' in shown["sadal-panel"]
    assert shown["sadal-figure"].layout.annotations[0].text == "33 years"
    assert "230 held-out faces aged 30–39" in shown["sadal-details"]
    assert shown["sadal-forget"]["interactive"] is True
    assert isinstance(shown["State"], Photo)


def test_another_face_can_be_chosen(uploads: Path, upload: dict[str, str]) -> None:
    page = Page(services_for([estimate_of(33), estimate_of(8)], uploads=uploads))
    photo = page.call("uploaded", upload)["State"]
    shown = page.call("chosen", photo, event({"face": 1}))
    assert '<output id="sadal-age">8</output>' in shown["sadal-panel"]
    assert shown["sadal-figure"].layout.annotations[0].text == "8 years"
    assert "aged 0–9" in shown["sadal-details"]


@pytest.mark.parametrize("data", [{"face": 2}, {"face": -1}, {"face": "0"}, {}, None, [0]])
def test_what_the_browser_asks_for_is_checked(data: Any) -> None:
    assert face_index(data, 2) == 0


def test_a_face_of_a_forgotten_photo_is_explained() -> None:
    shown = Page(services_for([])).call("chosen", None, event({"face": 0}))
    assert text.FORGOTTEN in shown["sadal-panel"]


def test_forgetting_leaves_nothing(uploads: Path, upload: dict[str, str]) -> None:
    page = Page(services_for([estimate_of(33)], uploads=uploads))
    page.call("uploaded", upload)
    cleared = page.call("forgotten")
    assert cleared["State"] is None
    assert cleared["sadal-stage"]["value"] == cleared["sadal-details"] == ""
    assert cleared["sadal-photo"]["value"] is None
    assert text.WAITING in cleared["sadal-panel"]
    assert cleared["sadal-forget"]["interactive"] is False
    assert not any(cleared["sadal-figure"].data[0].y)
    assert emptied(uploads)


def test_a_bad_upload_is_explained_and_nothing_of_the_last_photo_stays(
    uploads: Path, upload: dict[str, str]
) -> None:
    page = Page(services_for([estimate_of(33)], uploads=uploads))
    page.call("uploaded", upload)
    shown = page.call("uploaded", stored(uploads, "bad.jpg", b"nonsense"))
    assert "bad.jpg is not a picture" in shown["sadal-panel"]
    assert shown["State"] is None
    assert shown["sadal-stage"]["value"] == ""


def test_an_unexpected_failure_is_explained_without_internals(
    uploads: Path, upload: dict[str, str]
) -> None:
    page = Page(services_for(RuntimeError("tensor shapes"), uploads=uploads))
    shown = page.call("uploaded", upload)
    assert text.UNEXPECTED in unescape(shown["sadal-panel"])
    assert "tensor" not in shown["sadal-panel"]


def test_the_example_is_shown_and_stays_on_disk() -> None:
    shown = Page(services_for([estimate_of(36)])).call("shown_example")
    assert shown["State"].name == "astronaut.jpg"
    assert shown["State"].image.shape == (512, 512, 3)
    assert EXAMPLE.is_file()


def test_taking_the_picture_out_clears_the_page() -> None:
    assert text.WAITING in Page(services_for([])).call("uploaded", None)["sadal-panel"]


def test_only_the_endpoint_is_public() -> None:
    demo = build_demo(services_for([]))
    public = [f.api_name for f in demo.fns.values() if f.api_visibility == "public"]
    assert public == ["estimate"]
