from typing import Any

import pytest

from app import lesson_text as text
from app.lessons import Lesson, Question, Step
from app.main import VIEWS
from sadal_core.gallery.stored import Gallery
from tests.page import Page, event, notes, page_of, visitor
from tests.planted_gallery import stored_gallery

ASKED = Question("Which?", ("a", "b"), 2, 0, "", "Yes.", "No.")
LESSONS = {
    "first": Lesson(
        "first", "First & foremost", "", 1,
        (
            Step(("Look.",), "view=map&kind=pca&space=both&lock=map,rank&hide=age", "map", ASKED),
            Step(("Go on.",), "", "", None),
            Step(("Stay there.",), "view=map", "", None),
        ),
    ),
    "last": Lesson("last", "Last", "", 1, (Step(("Ask.",), "view=q&L=70", "", ASKED),)),
}  # fmt: skip


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return stored_gallery(tmp_path_factory.mktemp("gallery"))


@pytest.fixture(scope="module")
def page(gallery: Gallery) -> Page:
    return page_of(gallery, LESSONS)


def at_step(page: Page, lesson: Any, step: Any) -> dict[str, Any]:
    return page.call("go", visitor(), event({"lesson": lesson, "step": step}), None)


def answered(page: Page, sent: Any) -> dict[str, Any]:
    """What is said to an answer."""
    return page.handlers["answer"][0](event(sent))


def test_a_page_without_a_view_in_its_address_is_as_it_was(page: Page) -> None:
    for query in ("", "?", "__theme=dark"):
        answer = page.opened(query)
        assert list(answer) == ["sadal-link"]
        assert answer["sadal-link"] == {
            "restored": True, "fresh": True, "lock": [], "hide": [], "lesson": "", "step": 1,
            "notes": [],
        }  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_can_be_asked_for_alone(page: Page, view: str) -> None:
    answer = page.opened(f"?view={view}&data=toy" if view == "train" else f"?view={view}")
    assert answer["sadal-views"] == view
    assert notes(answer) == []
    parts = {
        "map": "sadal-map",
        "q": "sadal-q-l",
        "hard": "sadal-hard-detail",
        "train": "sadal-lab",
    }
    assert {part for part in parts.values() if part in answer} == (
        {parts[view]} if view in parts else set()
    )


def test_what_a_link_says_in_vain_is_told_and_nothing_else_changes(page: Page) -> None:
    answer = page.opened("view=nowhere&kind=pca&lock=all,map")
    assert list(answer) == ["sadal-link"]
    assert notes(answer) == [
        "There is no view “nowhere”.", "kind was left out.", "map cannot be locked or hidden here.",
    ]  # fmt: skip
    for query in ("view=estimate&kind=pca", "view=lessons&kind=pca"):
        assert notes(page.opened(query)) == ["kind was left out."]
    (long,) = notes(page.opened(f"view=estimate&{'k' * 3000}=1"))
    assert long == f"{'k' * 40} was left out."
    (long,) = notes(page.opened(f"view=q&lock={'k' * 3000}"))
    assert len(long) < 100


def test_names_that_are_locked_and_hidden_become_ids_on_the_page(page: Page) -> None:
    answer = page.opened("view=q&lock=L,tau,nothing&hide=tau,reset")["sadal-link"]
    assert answer["lock"] == ["sadal-q-l", "sadal-q-tau"]
    assert answer["hide"] == ["sadal-q-tau", "sadal-q-reset"]
    assert answer["notes"] == [text.NOTES, "nothing cannot be locked or hidden here."]
    for view in ("map", "q", "hard", "train"):
        start = "&data=toy" if view == "train" else ""
        everything = page.opened(f"view={view}{start}&lock=all&hide=all,other")
        held = everything["sadal-link"]
        assert held["lock"] == held["hide"]
        assert len(set(held["lock"])) >= 5
        assert set(held["lock"]) <= page.ids
        assert notes(everything) == ["other cannot be locked or hidden here."]
    assert page.opened("view=map&lock=all")["sadal-link"]["hide"] == []


def test_a_step_of_a_lesson_sets_the_page_up_and_stays_in_the_address(page: Page) -> None:
    answer = page.opened("lesson=first&step=1&view=q&L=3")
    assert answer == at_step(page, "first", 1) == at_step(page, "first", "1")
    assert answer["sadal-views"] == "map"
    assert (answer["sadal-map-kind"], answer["sadal-map-space"]) == ("pca", "both")
    assert answer["sadal-map"]["key"] == "pca/both"
    assert answer["sadal-lesson"]["look"] == "sadal-map"
    assert "First &amp; foremost" in answer["sadal-lesson"]["html"]
    assert answer["sadal-link"] == {
        "restored": True, "fresh": False, "lock": ["sadal-pick-rank", "sadal-map"],
        "hide": ["sadal-pick-age"], "lesson": "first", "step": 1, "notes": [],
    }  # fmt: skip
    for step in (2, 3):  # a view without a state is shown as it stands
        answer = at_step(page, "first", step)
        assert set(answer) - {"sadal-views"} == {"sadal-link", "sadal-lesson"}
        assert (answer["sadal-link"]["step"], answer["sadal-link"]["hide"]) == (step, [])
    assert "L=70 was left out" in notes(at_step(page, "last", 1))[0]


@pytest.mark.parametrize("step", [0, -1, "00", "", "²", "٣", "one", None, 1.5, [2], "9" * 5000])
def test_a_step_that_is_no_number_is_the_first(page: Page, step: Any) -> None:
    assert at_step(page, "first", step)["sadal-link"]["step"] == 1
    answer = answered(page, {"lesson": "first", "step": step, "answer": "2"})
    assert answer == {"said": text.NO_LESSON, "right": False}


def test_an_address_with_a_step_that_is_none_says_so(page: Page) -> None:
    answer = page.opened("lesson=first&step=%C2%B2&view=nowhere")
    assert answer["sadal-link"]["step"] == 1
    assert notes(answer) == [
        "There is no view “nowhere”.", "There is no step “²”; the first one is shown.",
    ]  # fmt: skip


def test_after_its_last_step_a_lesson_ends_and_leads_to_the_next(page: Page) -> None:
    for step in (4, 5, 999):
        answer = page.opened(f"lesson=first&step={step}")
        assert answer == at_step(page, "first", step)
        assert set(answer) == {"sadal-lesson", "sadal-link"}
        html = answer["sadal-lesson"]["html"]
        assert text.DONE.format(title="First &amp; foremost") in html
        assert 'data-go="last" data-step="1"' in html
        assert answer["sadal-link"] | {"notes": 0} == {
            "restored": True, "fresh": False, "lock": [], "hide": [], "lesson": "", "step": 1,
            "notes": 0,
        }  # fmt: skip
    html = at_step(page, "last", 2)["sadal-lesson"]["html"]
    assert text.DONE_ALL in html
    assert 'step="1"' not in html


def test_a_lesson_that_is_not_there_leads_to_the_list_and_leaving_frees_the_page(
    page: Page,
) -> None:
    answer = page.opened("lesson=gone&step=2&kind=pca")
    assert answer["sadal-views"] == "lessons"
    assert notes(answer) == [text.NO_LESSON]
    for lesson in ("", "gone", None, 5, ["first"], {"first": 1}):
        answer = at_step(page, lesson, 1)
        assert set(answer) == {"sadal-lesson", "sadal-link"}
        assert answer["sadal-lesson"] == {"html": "", "look": ""}
        assert answer["sadal-link"]["lock"] == answer["sadal-link"]["hide"] == []


def test_answers_are_answered(page: Page) -> None:
    asked = {"lesson": "first", "step": 1, "answer": "2"}
    assert answered(page, asked) == {"said": "Yes.", "right": True}
    assert answered(page, asked | {"answer": 1}) == {"said": "No.", "right": False}
    assert answered(page, asked | {"answer": ""}) == {"said": text.NO_ANSWER, "right": False}
    others = ({"step": 2}, {"step": 4}, {"step": 10**30}, {"lesson": "gone"}, {"lesson": None})
    for other in others:
        assert answered(page, asked | other) == {"said": text.NO_LESSON, "right": False}


@pytest.mark.parametrize("forged", [None, [], "first", 5, {}, {"lesson": {}, "query": [1]}])
def test_forged_messages_are_harmless(page: Page, forged: Any) -> None:
    assert answered(page, forged) == {"said": text.NO_LESSON, "right": False}
    assert set(page.call("go", visitor(), event(forged), None)) == {"sadal-lesson", "sadal-link"}
    assert list(page.call("restore", visitor(), event(forged), None)) == ["sadal-link"]


def test_a_link_full_of_nonsense_is_told_in_a_few_lines(page: Page) -> None:
    answer = page.opened("view=q&" + "&".join(f"a{number}=1" for number in range(200)))
    assert 2 <= len(notes(answer)) <= 20
