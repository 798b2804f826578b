"""Journeys through the Train view, each checked against the core."""

import csv
import io
import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from app.figures.lab_curves import CURVES
from tests.e2e.conftest import BUNDLED_MODEL, Server, arrived
from tests.e2e.lab import (
    SHOWN,
    expected,
    lab_of,
    numbers,
    play_to,
    plotted,
    press,
    settled,
    train,
    turn,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (BUNDLED_MODEL.parent / "gallery" / "about.json").is_file(),
        reason="the bundled gallery is not here",
    ),
]


def test_each_player_takes_its_step_apart(desktop: Page) -> None:
    train(desktop)
    assert turn(desktop) == 0
    generated = plotted(desktop, "features", "generated")
    samples = plotted(desktop, "metric", "samples")

    press(desktop, "Step of G")
    expect(desktop.locator(".sadal-lab-bar output")).to_have_text("turn 1")
    settled(desktop)
    assert plotted(desktop, "features", "generated") != generated
    assert plotted(desktop, "metric", "samples") == samples  # f has not learned

    generated = plotted(desktop, "features", "generated")
    press(desktop, "Step of f")
    expect(desktop.locator(".sadal-lab-bar output")).to_have_text("turn 2")
    settled(desktop)
    assert plotted(desktop, "metric", "samples") != samples
    assert plotted(desktop, "features", "generated") == generated  # G has not learned

    assert plotted(desktop, "order", "validation_mae")["x"] == [0, 1, 2]
    lab = lab_of(desktop.url)
    assert lab.state() == "1g1m"
    assert {k: v for k, v in numbers(desktop).items() if k in SHOWN} == expected(lab)


def test_playing_real_faces_gives_the_numbers_of_the_core(desktop: Page) -> None:
    train(desktop, "faces")
    count = play_to(desktop, 12)
    desktop.wait_for_timeout(1000)
    assert turn(desktop) == count, "paused is paused"
    lab = lab_of(desktop.url)
    assert len(lab.turns) == count
    assert {k: v for k, v in numbers(desktop).items() if k in SHOWN} == expected(lab)
    for plot, series in CURVES.items():
        for one in series:
            curve = plotted(desktop, plot, one.key)
            assert curve["x"] == [record["turn"] for record in lab.records]
            assert curve["y"] == [
                pytest.approx(record[one.key], abs=1e-6) for record in lab.records
            ]
    command = desktop.locator("#sadal-lab-command pre").inner_text()
    assert command == f"python -m sadal_core lab --data faces --preset corrected --turns {count}b"

    with desktop.expect_download() as download:
        desktop.get_by_role("button", name="Records as CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    for row, record in zip(rows, lab.records, strict=True):
        for name in SHOWN:
            assert float(row[name]) == pytest.approx(record[name], abs=1e-6)


def test_a_link_restores_the_exact_state_in_a_fresh_browser(
    desktop: Page, browser: Browser
) -> None:
    train(desktop)
    desktop.locator("#sadal-lab-seed input").fill("7")
    desktop.locator("#sadal-lab-seed input").blur()
    expect(desktop.locator("#sadal-lab-command pre")).to_contain_text("seed=7")
    play_to(desktop, 12)
    press(desktop, "Step of G")
    settled(desktop)
    assert "seed=7" in desktop.url
    assert "turns=" in desktop.url

    with arrived(browser, desktop.url) as fresh:
        expect(fresh.locator(".sadal-lab-bar output")).to_have_text(f"turn {turn(desktop)}")
        settled(fresh)
        assert fresh.url == desktop.url
        assert numbers(fresh) == numbers(desktop)
        for plot, layer in (
            ("features", "generated"), ("metric", "samples"), ("order", "validation_mae"),
        ):  # fmt: skip
            assert plotted(fresh, plot, layer) == plotted(desktop, plot, layer)
        expect(fresh.locator("#sadal-lab-seed input")).to_have_value("7")
        expect(fresh.get_by_label("a toy of two features")).to_be_checked()


def test_two_visitors_train_at_once_and_apart(
    desktop: Page, browser: Browser, server: Server
) -> None:
    with arrived(browser, server.url) as other:
        train(desktop)
        train(other)
        other.locator("#sadal-lab-preset input").click()
        other.get_by_role("option", name="paper", exact=False).click()
        expect(other.locator("#sadal-lab-command pre")).to_contain_text("paper")
        for page in (desktop, other):
            page.locator(".sadal-lab-bar select").select_option("fast")
            press(page, "Play")
        for page in (desktop, other):
            page.wait_for_function(
                "Number(document.querySelector('.sadal-lab').dataset.turn) >= 10"
            )
        for page in (desktop, other):
            press(page, "Pause")
            settled(page)
            shown = {k: v for k, v in numbers(page).items() if k in SHOWN}
            assert shown == expected(lab_of(page.url))
        assert "preset=paper" in other.url
        assert "preset=corrected" in desktop.url


def test_playing_goes_on_after_an_answer_that_was_lost(desktop: Page) -> None:
    train(desktop)
    lost = []

    def lose(route: Route) -> None:
        asked: Any = route.request.post_data_json
        lost.append(asked["event_data"]["turn"])
        route.fulfill(json={"event_id": "0" * 32})  # of a request that nobody answers

    desktop.route("**/queue/join*", lose, times=1)
    made = play_to(desktop, 10)
    assert lost == ["both"]
    shown = {k: v for k, v in numbers(desktop).items() if k in SHOWN}
    assert shown == expected(lab_of(desktop.url))
    assert made == turn(desktop)


def test_settings_are_followed_or_refused_and_divergence_is_explained(desktop: Page) -> None:
    train(desktop)
    play_to(desktop, 10)
    note, command = desktop.locator("#sadal-lab-note"), desktop.locator("#sadal-lab-command pre")
    desktop.get_by_role("button", name="All settings").click()
    tau = desktop.locator("#sadal-lab-tau input[type=number]")
    expect(tau).to_have_value("0.17")
    desktop.wait_for_timeout(500)  # Gradio sets the values of what was just opened once more
    tau.fill("1.9")  # 1.9 Q is more than 4 at the largest gap
    tau.blur()
    expect(note).to_contain_text("Take tau of at most")
    assert turn(desktop) > 0, "what was there stays"
    tau.fill("0.2")
    tau.blur()
    expect(command).to_contain_text("tau=0.2")
    expect(note).to_have_text("")
    expect(desktop.locator(".sadal-lab-bar output")).to_have_text("turn 0")

    rate = desktop.locator("#sadal-lab-generator_rate input")
    rate.fill("10")
    rate.press("Enter")
    expect(command).to_contain_text("generator_rate=10")
    press(desktop, "Play")
    expect(desktop.locator(".sadal-lab-status")).to_contain_text("has diverged at turn")
    expect(desktop.locator(".sadal-lab-bar").get_by_role("button", name="Play")).to_be_disabled()
    assert "NaN" not in json.dumps(plotted(desktop, "losses", "generator_loss"))
    press(desktop, "Start over")
    expect(desktop.locator(".sadal-lab-status")).to_have_text("")


def test_the_view_fits_a_phone(phone: Page) -> None:
    phone.locator(".overflow-menu button").first.click()
    phone.locator(".overflow-dropdown button", has_text="Train").click()
    phone.wait_for_selector(".sadal-lab[data-turn]")
    press(phone, "Step")
    expect(phone.locator(".sadal-lab-bar output")).to_have_text("turn 1")
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
