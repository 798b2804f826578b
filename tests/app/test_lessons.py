from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from app import lesson_text as text
from app.components.lesson import done, gone, lesson_list, said, shown
from app.lessons import (
    BUNDLED_LESSONS,
    LOOKS,
    Lesson,
    Question,
    Step,
    load_lessons,
    read_lesson,
)
from app.link import Link, read_link
from app.main import VIEWS
from sadal_core.errors import DataError
from sadal_core.gallery.stored import BUNDLED_GALLERY, load_gallery
from tests.page import Page, event, page_of, visitor

HEAD = 'title = "Ages"\nabout = "Of <ages>."\nminutes = 3\n'
STEP = '[[step]]\ntext = "Look."\n'
ASK = STEP + 'ask = "How far?"\nright = "Yes."\nwrong = "No."\n'
GOOD = (
    HEAD
    + '[[step]]\ntext = """\nOne line\nand  another.\n\n\n\nA & <b>.\n"""\n'
    + 'link = "?view=q&L=5"\nlook = "q-figure"\n'
    + ASK
    + "answer = 2.5\nwithin = 0.5\n"
    + 'unit = "years"\n'
    + ASK
    + 'choices = ["a", "b"]\nanswer = 2\n'
)


def written(folder: Path, content: str | bytes, name: str = "1-ages.toml") -> Path:
    content = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(content)
    return folder / name


def question(answer: float = 2, choices: tuple[str, ...] = ("a", "b"), within: float = 0) -> Any:
    return Question("Which?", choices, answer, within, "years", "Yes.", "No.")


def test_a_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    lesson = read_lesson(written(tmp_path, GOOD))
    assert lesson == Lesson(
        "ages", "Ages", "Of <ages>.", 3,
        (
            Step(("One line and another.", "A & <b>."), "view=q&L=5", "q-figure", None),
            Step(("Look.",), "", "", Question("How far?", (), 2.5, 0.5, "years", "Yes.", "No.")),
            Step(("Look.",), "", "", Question("How far?", ("a", "b"), 2, 0, "", "Yes.", "No.")),
        ),
    )  # fmt: skip
    crlf = written(tmp_path, GOOD.replace("\n", "\r\n"), "02-crlf.toml")
    assert read_lesson(crlf) == replace(lesson, name="crlf")


@pytest.mark.parametrize(
    ("content", "step", "words"),
    [
        ("title = ", None, "is no TOML file"),
        (b"\xff\xfe", None, "is no TOML file"),
        ("a = " + "[" * 9999, None, "is no TOML file"),
        ("", None, "title and about must be texts"),
        (HEAD.replace('"Ages"', "1") + STEP, None, "title and about must be texts"),
        (HEAD.replace("about", "above") + STEP, None, "title and about must be texts"),
        (HEAD.replace("= 3", "= 3.5") + STEP, None, "minutes must be a whole number"),
        (HEAD.replace("= 3", "= true") + STEP, None, "minutes must be a whole number"),
        (HEAD, None, r"has no \[\[step\]\]"),
        (HEAD + "step = []\n", None, r"has no \[\[step\]\]"),
        (HEAD + "step = [1]\n", None, r"has no \[\[step\]\]"),
        (HEAD + 'script = "x"\n' + STEP, None, "'script' is unknown. Known: title, about"),
        (HEAD + "[[step]]\n", 1, "text is missing"),
        (HEAD + STEP + '[[step]]\ntext = " \\n "\n', 2, "text is missing"),
        (HEAD + STEP + "[[step]]\ntext = 5\n", 2, "text must be a text"),
        (HEAD + STEP + 'html = "<b>"\n', 1, "'html' is unknown. Known: text, link"),
        (HEAD + STEP + "link = []\n", 1, "link must be a text"),
        (HEAD + STEP + 'look = "sadal-map"\n', 1, "look must be one of estimate, map,"),
        (HEAD + ASK, 1, "answer, and within if there is one, must be numbers"),
        (HEAD + ASK + "answer = true\n", 1, "must be numbers"),
        (HEAD + ASK + 'answer = "1"\n', 1, "must be numbers"),
        (HEAD + ASK + "answer = nan\n", 1, "must be numbers"),
        (HEAD + ASK + "answer = -inf\n", 1, "must be numbers"),
        (HEAD + ASK + f"answer = {'9' * 400}\n", 1, "must be numbers"),
        (HEAD + ASK + "answer = 1\nwithin = -1\n", 1, "must be numbers"),
        (HEAD + ASK + "answer = 1\nwithin = nan\n", 1, "must be numbers"),
        (HEAD + ASK + 'answer = 1\nchoices = "ab"\n', 1, "choices must be a list of texts"),
        (HEAD + ASK + "answer = 1\nchoices = [1, 2]\n", 1, "choices must be a list of texts"),
        (HEAD + ASK + 'answer = 0\nchoices = ["a"]\n', 1, "the number of a choice, from 1"),
        (HEAD + ASK + 'answer = 2\nchoices = ["a"]\n', 1, "the number of a choice, from 1"),
        (HEAD + ASK + 'answer = 1\nwithin = 1\nchoices = ["a", "b"]\n', 1, "without within"),
        (HEAD + ASK.replace('right = "Yes."', "") + "answer = 1\n", 1, "needs right and wrong"),
        (HEAD + STEP + ASK.replace('"No."', '""') + "answer = 1\n", 2, "needs right and wrong"),
        (HEAD + ASK.replace('ask = "How far?"', "") + "answer = 1\n", 1, "needs a question"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_its_step_and_the_reason(
    tmp_path: Path, content: str | bytes, step: int | None, words: str
) -> None:
    written(tmp_path, GOOD, "0-before.toml")
    bad = written(tmp_path, content)
    written(tmp_path, GOOD, "2-after.toml")
    with pytest.raises(DataError, match=words):
        read_lesson(bad)
    lessons, (note,) = load_lessons(tmp_path)
    assert list(lessons) == ["before", "after"]
    assert note.startswith("1-ages.toml" if step is None else f"1-ages.toml, step {step}:")
    assert ("step" in note.split(":")[0]) == (step is not None or "[[step]]" in note)


def test_names_are_those_of_the_files_and_the_first_one_keeps_its_own(tmp_path: Path) -> None:
    assert load_lessons(tmp_path) == load_lessons(tmp_path / "nowhere") == ({}, [])
    for name in ("10-a.toml", "2-a.toml", "1-b.toml", "c.toml", "3-.toml", "notes.txt"):
        written(tmp_path, GOOD.replace("Ages", name), name)
    (tmp_path / "4-folder.toml").mkdir()
    lessons, notes = load_lessons(tmp_path)
    assert {name: lesson.title for name, lesson in lessons.items()} == {
        "b": "1-b.toml", "a": "10-a.toml", "c": "c.toml",
    }  # fmt: skip
    twice, nameless, folder = notes
    assert twice == "2-a.toml: there is another lesson 'a'."
    assert nameless.startswith("3-.toml has no name")
    assert folder.startswith("4-folder.toml is no TOML file")


def test_nothing_in_a_lesson_is_markup() -> None:
    evil = '<script>alert("1")</script>\'&'
    asked = Question(evil, (evil, "b"), 1, 0, evil, evil, evil)
    steps = tuple(
        Step((evil, evil), "", "", one) for one in (asked, replace(asked, choices=()), None)
    )
    lesson = Lesson(evil, evil, evil, 1, steps)
    made = [shown(lesson, number)["html"] for number in (1, 2, 3)]
    made += [done(lesson, lesson)["html"], lesson_list({evil: lesson}, [evil])]
    for html in made:
        assert "<script" not in html
        assert "&lt;script&gt;" in html
        assert 'alert("1")' not in html
        assert "'" not in html
    words = [html.count("alert(&quot;1&quot;)") for html in made[:3]]
    assert words == [7, 8, 5]  # title, paragraphs, question, choice or unit, where to go
    href = unescape(made[4].split('href="')[1].split('"')[0])
    assert read_link(href, VIEWS) == (Link(lesson=evil), [])


def test_a_step_has_its_place_its_choices_and_the_ways_on() -> None:
    steps = (Step(("A",), "", "map", question()), Step(("B",), "", "", question(3, (), 1)))
    lesson = Lesson("ages", "Ages", "", 1, steps)
    first, second = shown(lesson, 1), shown(lesson, 2)
    assert (first["look"], second["look"]) == ("sadal-map", "")
    assert text.STEP.format(step=1, steps=2) in first["html"]
    assert first["html"].count('type="radio"') == 2
    assert 'data-go="ages" data-step="2"' in first["html"]
    assert text.BACK not in first["html"]
    assert 'inputmode="decimal"' in second["html"]
    assert 'data-go="ages" data-step="1"' in second["html"]
    assert 'data-step="3"' in second["html"]
    assert text.FINISH in second["html"]
    assert text.DONE_ALL in done(lesson, None)["html"]
    assert 'data-go="ages" data-step="1"' in done(lesson, lesson)["html"]
    assert gone() == {"html": "", "look": ""}


@pytest.mark.parametrize(
    ("answer", "within", "right", "wrong"),
    [
        (0.3, 0.1, ("0.2", "0.4", ".3", "0,4", " 0,3\n", "3e-1"), ("0.19", "0.41", "-0.3", "0")),
        (2.5, 0, ("2.5", "2,5", "2.50"), ("2.499999", "3", "2")),
        (-5, 1, ("-6", "-4", "-5.5"), ("5", "-6.001", "-3.999")),
        (1000.1, 0.1, ("1000.2", "1000"), ("1000.21", "999.9", "1e9", "1e308")),
        (0, 0, ("0", "-0", "0,0"), ("1e-300", "1")),
    ],
)
def test_a_number_is_right_up_to_the_edge_of_what_it_may_be_off(
    answer: float, within: float, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    one = question(answer, (), within)
    assert [one.accepts(given) for given in right] == [True] * len(right)
    assert [one.accepts(given) for given in wrong] == [False] * len(wrong)


@pytest.mark.parametrize(
    "given", ["", " ", "two", "²", "1.2.3", "1,2,3", "1 000", "nan", "inf", "1e400", "9" * 5000]
)
def test_what_is_no_answer_is_neither_right_nor_wrong(given: str) -> None:
    assert question().accepts(given) is None
    assert said(question(), given) == {"said": text.NO_ANSWER, "right": False}
    assert said(question(1, ()), given) == {"said": text.NO_NUMBER, "right": False}


def test_every_bundled_lesson_is_good_and_asks_what_one_answer_alone_is_right_to() -> None:
    lessons, notes = load_lessons()
    assert notes == []
    assert len(lessons) == len(list(BUNDLED_LESSONS.glob("*.toml"))) > 0
    questions = [step.question for lesson in lessons.values() for step in lesson.steps]
    for one in (one for one in questions if one is not None):
        assert one.accepts(f"{one.answer:g}") is True
        assert said(one, str(one.answer)) == {"said": one.right, "right": True}
        others = range(1, len(one.choices) + 1) if one.choices else ()
        wrong = [str(other) for other in others if other != one.answer]
        wrong += [str(one.answer + off) for off in (-1.01 * one.within - 1e-6, one.within + 1e-6)]
        for other in wrong:
            assert said(one, other) == {"said": one.wrong, "right": False}


def test_every_link_of_the_bundled_lessons_restores_and_every_look_is_there() -> None:
    if not (BUNDLED_GALLERY / "about.json").is_file():
        pytest.skip("the bundled gallery is not here")
    lessons = load_lessons()[0]
    page = page_of(load_gallery(BUNDLED_GALLERY), lessons)
    assert set(LOOKS.values()) <= page.ids
    seen: set[str] = set()
    for name, lesson in lessons.items():
        for number, step in enumerate(lesson.steps, start=1):
            if step.link in seen:
                continue
            seen.add(step.link)
            asked = event({"lesson": name, "step": number})
            answer = page.call("go", visitor(), asked, None)
            link, unread = read_link(step.link, VIEWS)
            restored = answer["sadal-link"]
            where = f"{name}, step {number}"
            assert (unread, restored["notes"]) == ([], []), where
            assert (restored["lesson"], restored["step"]) == (name, number), where
            assert answer["sadal-lesson"] == shown(lesson, number)
            if link.view:
                assert answer["sadal-views"] == link.view
            said_of_it = {n: v.removesuffix(".0") for n, v in told(answer, page).items()}
            assert said_of_it.items() >= dict(link.texts).items(), where


def told(answer: dict[str, Any], page: Page) -> dict[str, str]:
    """What the view that was restored says of itself."""
    if answer.get("sadal-link", {}).get("view") == "hard":
        return answer["sadal-link"]["texts"]
    if "sadal-lab" in answer:
        turns = f"{answer['sadal-lab']['frame']['left']}b"
        return {"view": "train", **answer["sadal-lab"]["texts"], "turns": turns}
    if "sadal-q-l" in answer:
        ids = ("variant", "l", "eps", "joined", "c", "on", "tau")
        settings = (answer[f"sadal-q-{name}"] for name in ids)
        return page.handlers["draw_q"][0](*settings, ())[3]["texts"]
    return answer.get("sadal-map", {}).get("texts", {})
