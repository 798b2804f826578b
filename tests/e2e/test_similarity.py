"""A journey through the Similarity Q view."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import BUNDLED_MODEL

pytestmark = pytest.mark.browser


def test_playing_with_q_redraws_the_curves_and_changes_the_words(desktop: Page) -> None:
    desktop.get_by_role("tab", name="Similarity Q").click()
    figure, words = desktop.locator("#sadal-q-figure"), desktop.locator("#sadal-q-words")
    expect(figure.locator(".js-plotly-plot .scatterlayer").first).to_be_visible()
    expect(figure.locator(".legend")).to_contain_text("demanded, τ Q")
    if (BUNDLED_MODEL / "manifest.json").is_file():
        expect(figure.locator(".legend")).to_contain_text("learned by SADAL")
    expect(words).to_contain_text("Q is 0.358")

    desktop.get_by_label("code_literal").check()
    expect(words).to_contain_text("it is not continuous")
    desktop.get_by_label("the distance").check()
    expect(figure.locator(".legend")).to_contain_text("demanded, τ / Q")
    expect(words).to_contain_text("falls as the gap grows")

    # What is drawn is left alone until something changes.
    desktop.wait_for_timeout(1000)
    desktop.evaluate(
        """() => {
            window.sadalChanges = 0;
            new MutationObserver(() => { window.sadalChanges += 1; })
                .observe(
                    document.querySelector("#sadal-q-figure"), { subtree: true, childList: true },
                );
        }"""
    )
    desktop.wait_for_timeout(1000)
    assert desktop.evaluate("window.sadalChanges") == 0

    # By keyboard alone: one step of the slider for L, then C set free and out of its range.
    desktop.locator("#sadal-q-reset").click()
    expect(words).to_contain_text("Q is 0.358")
    desktop.locator("#sadal-q-l input[type=range]").focus()
    desktop.keyboard.press("ArrowRight")
    expect(words).to_contain_text("Q is 0.340")
    desktop.get_by_label("Choose C so that the two branches meet").uncheck()
    offset = desktop.locator("#sadal-q-c input[type=number]")
    expect(offset).to_be_enabled()
    offset.fill("0.95")
    offset.press("Enter")
    expect(words).to_contain_text("Not drawn.")
    expect(words).to_contain_text("makes Q fall")
    expect(figure.locator(".legend")).to_contain_text("demanded, τ Q")  # the last good one stays
