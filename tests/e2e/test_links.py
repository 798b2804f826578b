"""Links to states of the page, and lessons from the first step to the last."""

from contextlib import AbstractContextManager
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from app.lessons import LOOKS, Question, load_lessons
from tests.e2e.conftest import BUNDLED_MODEL, Server, arrived

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (BUNDLED_MODEL.parent / "gallery" / "about.json").is_file(),
        reason="the bundled gallery is not here",
    ),
]
Q = "view=q&variant=wing_norm&L=8&eps=2&C=auto&on=distance&tau=0.5"


def follow(browser: Browser, server: Server, query: str) -> AbstractContextManager[Page]:
    return arrived(browser, f"{server.url.rstrip('/')}/?{query}")


def test_a_link_sets_the_similarity_and_the_address_follows_the_sliders(
    browser: Browser, server: Server
) -> None:
    with follow(browser, server, Q) as page:
        expect(page.get_by_role("tab", name="Similarity Q")).to_have_attribute(
            "aria-selected", "true"
        )
        expect(page.locator("#sadal-q-l input[type=number]")).to_have_value("8")
        expect(page.get_by_label("wing_norm")).to_be_checked()
        expect(page.locator("#sadal-q-figure")).to_contain_text("demanded, τ / Q")
        expect(page.locator(".sadal-link-notes li")).to_have_count(0)
        tau = page.locator("#sadal-q-tau input[type=number]")
        tau.fill("0.7")
        tau.blur()
        page.wait_for_function("location.search.includes('tau=0.7')")
        assert parse_qs(urlsplit(page.url).query)["variant"] == ["wing_norm"]
        page.get_by_text("Link to this state").click()
        assert page.get_by_label("Address").input_value() == page.url


def test_a_locked_link_locks_and_a_hiding_one_hides(browser: Browser, server: Server) -> None:
    with follow(browser, server, Q + "&lock=L,eps&hide=variant,nonsense") as page:
        expect(page.locator("#sadal-q-l")).to_have_attribute("inert", "")
        assert not page.locator("#sadal-q-tau").evaluate("part => part.inert")
        expect(page.locator("#sadal-q-variant")).to_be_hidden()
        expect(page.locator(".sadal-link-notes")).to_contain_text(
            "nonsense cannot be locked or hidden"
        )
        page.reload()
        expect(page.locator("#sadal-q-variant")).to_be_hidden()

    with follow(
        browser, server, "view=train&data=toy&preset=midpoint&hide=settings,preset,data"
    ) as page:
        page.wait_for_selector(".sadal-lab[data-turn]")
        for part in ("settings", "preset", "data"):
            expect(page.locator(f"#sadal-lab-{part}")).to_be_hidden()
        expect(page.get_by_role("button", name="Step of G")).to_be_disabled()  # it has no weights


def test_a_link_chooses_on_the_map_and_describes_a_quadruplet(
    browser: Browser, server: Server
) -> None:
    with follow(browser, server, "view=map&kind=umap&space=after&epoch=4&pick=real:17") as page:
        page.wait_for_selector('.sadal-map[data-ready][data-epoch="3"]')
        expect(page.locator(".sadal-epoch output")).to_have_text("4")
        expect(page.locator("#sadal-picked")).to_contain_text("Real sample of")
        page.wait_for_function("location.search.includes('pick=real%3A17')")

    with follow(browser, server, "view=hard&age=40&younger=20&older=60&generator=midpoint") as page:
        expect(page.locator("#sadal-hard-detail")).to_contain_text("anchor, 40 years")
        expect(page.get_by_role("radio", name="midpoint")).to_be_checked()
        expect(page.locator("#sadal-boxes .main-svg").first).to_be_visible()


def test_what_a_link_cannot_mean_falls_back_and_is_told(browser: Browser, server: Server) -> None:
    bad = "view=train&data=moon&tau=-3&seed=x&turns=9999999b&colour=red&preset=paper"
    with follow(browser, server, bad) as page:
        page.wait_for_selector(".sadal-lab[data-turn]")
        notes = page.locator(".sadal-link-notes")
        for name in ("data=moon", "tau=-3", "seed=x", "turns=9999999b", "colour"):
            expect(notes).to_contain_text(name)
        expect(page.locator("#sadal-lab-command pre")).to_contain_text("--preset paper")

    with follow(browser, server, "view=moon") as page:
        expect(page.locator(".sadal-link-notes")).to_contain_text("There is no view")
        expect(page.get_by_role("tab", name="Estimate")).to_have_attribute("aria-selected", "true")


LESSONS, WRONG = load_lessons()


def test_there_are_lessons_enough() -> None:
    assert WRONG == []
    assert len(LESSONS) >= 6


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_can_be_finished(name: str, browser: Browser, server: Server) -> None:
    lesson = LESSONS[name]
    with follow(browser, server, f"lesson={name}&step=1") as page:
        for number, step in enumerate(lesson.steps, start=1):
            where = f"step {number}"
            panel = page.locator(".sadal-lesson")
            expect(panel.locator("header")).to_contain_text(lesson.title)
            expect(panel.locator("header"), where).to_contain_text(
                f"Step {number} of {len(lesson.steps)}"
            )
            expect(page.locator(".sadal-link-notes li"), where).to_have_count(0)
            if step.look:
                part = page.locator(f"#{LOOKS[step.look]}")
                expect(part, where).to_have_css("outline-style", "solid")
            if step.question:
                answer_wrong_then_right(page, step.question)
            panel.locator(".sadal-primary").click()
        expect(page.locator(".sadal-lesson")).to_contain_text(f"Finished: {lesson.title}")
        page.get_by_role("button", name="Leave the lesson").click()
        expect(page.locator(".sadal-lesson")).to_be_hidden()


def answer_wrong_then_right(page: Page, question: Question) -> None:
    said = page.locator(".sadal-lesson-said")
    form = page.locator(".sadal-lesson form")
    if question.choices:
        other = 1 if question.answer != 1 else 2
        form.get_by_role("radio").nth(other - 1).check()
    else:
        form.get_by_role("textbox").fill(str(question.answer + 3 * question.within + 1))
    form.get_by_role("button", name="Check").click()
    expect(said).to_have_text(question.wrong)
    if question.choices:
        form.get_by_role("radio").nth(int(question.answer) - 1).check()
    else:
        form.get_by_role("textbox").fill(f"{question.answer:g}")
    form.get_by_role("button", name="Check").click()
    expect(said).to_have_text(question.right)
