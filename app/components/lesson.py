"""A lesson above the views, and the list of all, as HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr

from app import lesson_text as text
from app.components.html import plain_html
from app.lessons import LOOKS, Lesson, Question
from app.link import Link


def lesson_part() -> gr.HTML:
    """A part whose value is `shown`, `done`, `said` or `gone`; it triggers `go` and `answer`."""
    return plain_html(
        None,
        html_template=f'<section class="sadal-lesson" aria-label="{text.LESSON_LABEL}" hidden>'
        "</section>",
        script="lesson.js",
        elem_id="sadal-lesson",
    )


def shown(lesson: Lesson, number: int) -> dict[str, Any]:
    """The value that shows a step, from 1."""
    step = lesson.steps[number - 1]
    question = "" if step.question is None else _question(lesson, number, step.question)
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in step.text)
    last = number == len(lesson.steps)
    back = _button(text.BACK, lesson.name, number - 1) if number > 1 else ""
    on = _button(text.FINISH if last else text.NEXT, lesson.name, number + 1, primary=True)
    return {
        "html": (
            f'<header><h2 tabindex="-1">{escape(lesson.title)}</h2>'
            f"<span>{text.STEP.format(step=number, steps=len(lesson.steps))}</span>"
            f"{_button(text.LEAVE, '', 0)}</header>{paragraphs}{question}"
            f'<p class="sadal-lesson-bar">{back}{on}</p>'
        ),
        "look": LOOKS.get(step.look, ""),
    }


def done(lesson: Lesson, following: Lesson | None) -> dict[str, Any]:
    """The value that ends a lesson, and leads to the one after it."""
    more = text.DONE_ALL
    button = ""
    if following is not None:
        more = ""
        words = text.DONE_MORE.format(title=following.title)
        button = _button(words, following.name, 1, primary=True)
    return {
        "html": (
            f'<header><h2 tabindex="-1">{escape(text.DONE.format(title=lesson.title))}</h2>'
            f"{_button(text.LEAVE, '', 0)}</header><p>{text.DONE_WORDS} {more}</p>"
            f'<p class="sadal-lesson-bar">{button}</p>'
        ),
        "look": "",
    }


def gone() -> dict[str, Any]:
    """The value without a lesson."""
    return {"html": "", "look": ""}


def said(question: Question, answer: str) -> dict[str, Any]:
    """The value that answers an answer."""
    right = question.accepts(answer)
    if right is None:
        return {"said": text.NO_ANSWER if question.choices else text.NO_NUMBER, "right": False}
    return {"said": question.right if right else question.wrong, "right": right}


def _question(lesson: Lesson, number: int, question: Question) -> str:
    if question.choices:
        choices = "".join(
            f'<label><input type="radio" name="answer" value="{i}"> {escape(choice)}</label>'
            for i, choice in enumerate(question.choices, start=1)
        )
    else:
        choices = (
            f'<label><input type="text" inputmode="decimal" name="answer" autocomplete="off" '
            f'aria-label="{text.ANSWER_LABEL}"> {escape(question.unit)}</label>'
        )
    return (
        f'<form data-lesson="{escape(lesson.name)}" data-step="{number}">'
        f"<fieldset><legend>{escape(question.ask)}</legend>{choices}"
        f'<button type="submit" class="sadal-button">{text.CHECK}</button></fieldset>'
        '<p class="sadal-lesson-said" role="status"></p></form>'
    )


def _button(label: str, lesson: str, step: int, *, primary: bool = False) -> str:
    kind = "sadal-button sadal-primary" if primary else "sadal-button"
    return (
        f'<button type="button" class="{kind}" data-go="{escape(lesson)}" data-step="{step}">'
        f"{escape(label)}</button>"
    )


def lesson_list(lessons: Mapping[str, Lesson], notes: Sequence[str]) -> str:
    """All lessons with a link to each, and what is wrong with files that are left out."""
    items = "".join(
        f"<li><h2>{escape(one.title)}</h2><p>{escape(one.about)}</p>"
        f"<p><span>{text.MINUTES.format(minutes=one.minutes)}</span> "
        f'<a class="sadal-save" data-lesson="{escape(one.name)}" '
        f'href="?{escape(Link(lesson=one.name).query())}">{text.START}</a></p></li>'
        for one in lessons.values()
    )
    wrong = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return (
        f'<p class="sadal-hint">{text.LESSONS_HINT}</p><ol class="sadal-lessons">{items}</ol>'
        f'<ul class="sadal-words">{wrong}</ul>'
    )
