"""Journeys with a camera; Chromium plays a film of the astronaut in its place."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_snapshot_is_estimated_like_an_upload(desktop: Page) -> None:
    desktop.locator("#sadal-photo [data-testid=source-select] button").nth(1).click()
    desktop.locator("#sadal-photo [title='grant webcam access'] button").first.click()
    video = desktop.locator("#sadal-photo video")
    expect(video).to_be_visible()
    desktop.wait_for_function("document.querySelector('#sadal-photo video')?.videoWidth > 0")
    assert video.evaluate("v => [v.videoWidth, v.videoHeight]") == [640, 480]
    desktop.locator("#sadal-photo .button-wrap button").first.click()
    expect(desktop.locator("#sadal-age")).to_be_visible()
    expect(desktop.locator(".sadal-box")).to_have_count(1)


def test_live_ages_lie_over_the_video_with_the_measured_rate(desktop: Page) -> None:
    desktop.get_by_role("tab", name="Live camera").click()
    desktop.get_by_role("button", name="Start camera").click()
    label = desktop.locator(".sadal-track text")
    expect(label).to_have_text(re.compile(r"^\d+ years \(\d+–\d+\)$"))
    meter = desktop.locator(".sadal-live-meter")
    expect(meter).to_have_text(
        re.compile(r"^\d+\.\d frames/s · \d+ ms from camera to screen, \d+ ms of it estimating$")
    )
    numbers = [float(number) for number in re.findall(r"[\d.]+", meter.inner_text())]
    rate, delay, estimating = numbers
    assert 0 < rate < 120
    assert 0 < estimating <= delay

    # One face drifting through the picture stays one face, and its box follows it.
    places = list[str | None]()
    for _ in range(4):
        expect(desktop.locator(".sadal-track")).to_have_count(1)
        places.append(
            desktop.locator(".sadal-track rect").evaluate("r => Number(r.getAttribute('x'))")
        )  # noqa: E501
        desktop.wait_for_timeout(400)
    assert desktop.get_attribute(".sadal-track", "data-number") == "1"
    assert len(set(places)) > 1

    desktop.get_by_role("button", name="Stop camera").click()
    expect(desktop.locator(".sadal-track")).to_have_count(0)
    expect(desktop.locator(".sadal-live-message")).to_contain_text("The camera is off")
    assert desktop.evaluate("document.querySelector('.sadal-live video').srcObject") is None


def test_a_refused_camera_is_explained(desktop: Page) -> None:
    desktop.get_by_role("tab", name="Live camera").click()
    desktop.evaluate(
        """() => { navigator.mediaDevices.getUserMedia =
            () => Promise.reject(new DOMException("no", "NotAllowedError")); }"""
    )
    desktop.get_by_role("button", name="Start camera").click()
    expect(desktop.locator(".sadal-live-message")).to_contain_text("The camera is blocked")
    expect(desktop.get_by_role("button", name="Start camera")).to_be_enabled()
