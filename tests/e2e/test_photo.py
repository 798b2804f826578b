"""Journeys with a photo, as a visitor makes them."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import ASTRONAUT, BUNDLED_MODEL, Server, visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def one_desktop(browser: Browser, server: Server) -> Iterator[Page]:
    yield from visit(browser, server, 1280, 900, "light")


@pytest.fixture(scope="module")
def one_phone(browser: Browser, server: Server) -> Iterator[Page]:
    yield from visit(browser, server, 390, 844, "dark")


@pytest.fixture
def desktop(one_desktop: Page) -> Page:
    """The page without a photo; all journeys take the same, which is slow to load."""
    return without_photo(one_desktop)


@pytest.fixture
def phone(one_phone: Page) -> Page:
    return without_photo(one_phone)


def without_photo(page: Page) -> Page:
    if page.locator("#sadal-forget").is_enabled():
        page.click("#sadal-forget")
    expect(page.locator("#sadal-forget")).to_be_disabled()
    expect(page.locator(".sadal-waiting")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    return page


def choose(page: Page, path: Path) -> None:
    page.set_input_files("#sadal-photo input[type=file]", path)


def shown_age(page: Page) -> int:
    return int(page.locator("#sadal-age").inner_text())


def interval(page: Page) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)–(\d+) years", page.locator("#sadal-interval").inner_text())
    assert found
    return int(found[1]), int(found[2])


def test_an_uploaded_photo_gives_age_interval_box_and_distribution(desktop: Page) -> None:
    choose(desktop, ASTRONAUT)
    expect(desktop.locator("#sadal-age")).to_be_visible()
    low, high = interval(desktop)
    assert low <= shown_age(desktop) <= high

    box = desktop.locator(".sadal-box")
    expect(box).to_have_count(1)
    picture = desktop.locator(".sadal-picture").bounding_box()
    place = box.bounding_box()
    assert picture
    assert place
    # The head of this picture lies in the upper half, left of the middle.
    assert 0.3 < (place["x"] - picture["x"]) / picture["width"] < 0.45
    assert 0.05 < (place["y"] - picture["y"]) / picture["height"] < 0.25

    bars = desktop.locator("#sadal-figure .barlayer .point")
    expect(bars).to_have_count(101)
    expect(desktop.locator("#sadal-figure .annotation-text")).to_have_text(
        f"{shown_age(desktop)} years"
    )
    expect(desktop.locator("#sadal-figure .xtitle")).to_have_text("Age (years)")
    expect(desktop.locator(".sadal-error-band")).to_contain_text("held-out faces aged")
    expect(desktop.locator(".sadal-crop")).to_be_visible()


@pytest.mark.skipif(
    not (BUNDLED_MODEL / "manifest.json").is_file(), reason="the trained model is not here"
)
def test_the_age_of_the_example_is_plausible(desktop: Page) -> None:
    desktop.click("#sadal-example")
    expect(desktop.locator("#sadal-age")).to_be_visible()
    assert 20 <= shown_age(desktop) <= 60
    low, high = interval(desktop)
    assert 2 <= high - low <= 50


def test_results_can_be_saved(desktop: Page) -> None:
    choose(desktop, ASTRONAUT)
    with desktop.expect_download() as started:
        desktop.click(".sadal-save >> text=JSON")
    saved = json.loads(Path(started.value.path()).read_text())
    assert started.value.suggested_filename == "astronaut-ages.json"
    assert round(saved["faces"][0]["age"]) == shown_age(desktop)


def test_bad_uploads_are_explained_and_a_good_one_then_works(desktop: Page, tmp_path: Path) -> None:
    fake = tmp_path / "letter.jpg"
    fake.write_text("Dear sir, this is not a picture. " * 50)
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(ASTRONAUT.read_bytes()[:8000])
    blank = tmp_path / "wall.png"
    Image.fromarray(np.full((300, 400, 3), 180, np.uint8)).save(blank)
    for path, words in (
        (fake, "letter.jpg is not a picture that can be read"),
        (cut, "cut.jpg is damaged or incomplete"),
        (blank, "No face was found in wall.png"),
    ):
        choose(desktop, path)
        expect(desktop.locator(".sadal-problem")).to_contain_text(words)
        assert "Traceback" not in desktop.inner_text("body")
    choose(desktop, ASTRONAUT)
    expect(desktop.locator("#sadal-age")).to_be_visible()
    expect(desktop.locator(".sadal-problem")).to_have_count(0)


def test_among_several_faces_one_is_chosen_by_click_or_keyboard(desktop: Page, group: Path) -> None:
    choose(desktop, group)
    expect(desktop.locator(".sadal-box")).to_have_count(3)
    expect(desktop.locator(".sadal-chip")).to_have_count(3)
    expect(desktop.locator(".sadal-which")).to_have_text("Face 1 of 3")
    sizes = [box.bounding_box() for box in desktop.locator(".sadal-box").all()]
    widths = [size["width"] for size in sizes if size]
    assert widths == sorted(widths, reverse=True)
    first_crop = desktop.get_attribute(".sadal-crop", "src")

    desktop.locator(".sadal-chip").nth(2).click()
    expect(desktop.locator(".sadal-which")).to_have_text("Face 3 of 3")
    expect(desktop.locator(".sadal-box").nth(2)).to_have_attribute("aria-pressed", "true")
    expect(desktop.locator(".sadal-box[aria-pressed=true]")).to_have_count(1)
    assert desktop.get_attribute(".sadal-crop", "src") != first_crop

    desktop.locator(".sadal-box").nth(1).focus()
    desktop.keyboard.press("Enter")
    expect(desktop.locator(".sadal-which")).to_have_text("Face 2 of 3")


def test_the_next_photo_can_be_pasted_or_dropped_on_the_last_result(
    desktop: Page, group: Path
) -> None:
    for dropped_on in (None, ".sadal-figure"):
        choose(desktop, ASTRONAUT)
        expect(desktop.locator(".sadal-box")).to_have_count(1)
        desktop.evaluate(
            """([dropped_on, bytes]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], "next.png", {type: "image/png"}));
                if (dropped_on === null)
                    document.dispatchEvent(
                        new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
                else
                    document.querySelector(dropped_on).dispatchEvent(
                        new DragEvent("drop", {dataTransfer: data, bubbles: true}));
            }""",
            [dropped_on, list(group.read_bytes())],
        )
        expect(desktop.locator(".sadal-box")).to_have_count(3)


def test_a_forgotten_photo_is_gone_from_page_and_disk(desktop: Page, server: Server) -> None:
    choose(desktop, ASTRONAUT)
    expect(desktop.locator("#sadal-age")).to_be_visible()
    desktop.click("#sadal-forget")
    expect(desktop.locator(".sadal-waiting")).to_be_visible()
    expect(desktop.locator("#sadal-photo")).to_be_visible()
    expect(desktop.locator("#sadal-forget")).to_be_disabled()
    for trace in (".sadal-picture", ".sadal-box", "#sadal-age", ".sadal-save", ".sadal-error-band"):
        expect(desktop.locator(trace)).to_have_count(0)
    assert not desktop.locator("#sadal-panel img").count()
    end = time.monotonic() + 15
    while server.uploads() and time.monotonic() < end:
        time.sleep(0.2)
    assert server.uploads() == []


def test_on_a_phone_photo_age_and_interval_share_one_screen(phone: Page) -> None:
    before = phone.locator("#sadal-panel").bounding_box()
    choose(phone, ASTRONAUT)
    expect(phone.locator("#sadal-age")).to_be_visible()
    for part in (".sadal-picture", "#sadal-age", "#sadal-interval"):
        place = phone.locator(part).bounding_box()
        assert place
        assert place["y"] >= 0
        assert place["y"] + place["height"] <= 844
    after = phone.locator("#sadal-panel").bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) <= 2, "the page jumped when the result arrived"
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_dark_is_dark_and_its_text_stands_out(phone: Page) -> None:
    choose(phone, ASTRONAUT)
    expect(phone.locator("#sadal-figure .annotation-text")).to_be_visible()
    colours = phone.evaluate(
        """() => {
            const of = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
            return [of("body", "backgroundColor"), of("#sadal-age", "color"),
                    of("#sadal-figure .xtitle", "fill")];
        }"""
    )
    background, age, axis = (brightness(colour) for colour in colours)
    assert background < 60
    assert age > 180
    assert axis > 120


def brightness(colour: str) -> float:
    return float(np.mean([float(part) for part in re.findall(r"[\d.]+", colour)[:3]]))


def test_nothing_moves_when_a_result_arrives(desktop: Page) -> None:
    parts = ("#sadal-panel", "#sadal-figure", "#sadal-details", "#sadal-forget", ".sadal-notes")
    before = [desktop.locator(part).bounding_box() for part in parts]
    choose(desktop, ASTRONAUT)
    expect(desktop.locator("#sadal-figure .annotation-text")).to_be_visible()
    expect(desktop.locator(".sadal-save").first).to_be_visible()
    for part, old in zip(parts, before, strict=True):
        new = desktop.locator(part).bounding_box()
        assert old
        assert new
        assert abs(new["y"] - old["y"]) <= 2, part


def test_the_page_says_what_it_must_and_the_endpoint_agrees_with_it(
    desktop: Page, server: Server
) -> None:
    body = desktop.inner_text("body")
    for words in ("Not for age verification", "Trained on", "Pixels stay on the machine"):
        assert words in body
    choose(desktop, ASTRONAUT)
    expect(desktop.locator("#sadal-age")).to_be_visible()
    answer = Client(server.url, verbose=False).predict(handle_file(ASTRONAUT), api_name="/estimate")
    (face,) = answer["faces"]
    assert round(face["age"]) == shown_age(desktop)
    assert (round(face["age_low"]), round(face["age_high"])) == interval(desktop)
    assert sum(face["distribution"]) == pytest.approx(1, abs=1e-3)
