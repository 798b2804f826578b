"""Links and lessons: the page is put into a state that a link or a step of a lesson tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import gradio as gr

from app import lesson_text as text
from app.components.lesson import done, gone, said, shown
from app.components.linked import Asker, Linked
from app.lessons import Lesson
from app.link import ALL, Link, printable, read_link, whole

_OPTIONS: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}
_MOST_NOTES: Final = 12  # of what a link says that makes no sense
LESSONS_VIEW: Final = "lessons"


@dataclass(frozen=True)
class Guide:
    """What leads through the page.

    Attributes:
        tabs: the views.
        link: part that says and reads the address.
        lesson: part that shows a step.
        photo: state of the visitor's photo.
        linked: views that have a state, by what links call them.
        views: all of them.
        lessons: by name.
    """

    tabs: gr.Tabs
    link: gr.HTML
    lesson: gr.HTML
    photo: gr.State
    linked: Mapping[str, Linked]
    views: tuple[str, ...]
    lessons: Mapping[str, Lesson]

    def wire(self) -> None:
        """Follow links, and steps of lessons."""
        outputs = [self.tabs, self.link, self.lesson]
        for view in self.linked.values():
            outputs += [part for part in view.parts if part not in outputs]

        def restore(request: gr.Request, event: gr.EventData, photo: Any) -> dict[Any, Any]:
            asker = Asker(str(request.session_hash), photo)
            return self.opened(_texts(event, "query")["query"], asker)

        def go(request: gr.Request, event: gr.EventData, photo: Any) -> dict[Any, Any]:
            asked = _texts(event, "lesson", "step")
            asker = Asker(str(request.session_hash), photo)
            return self.at_step(asked["lesson"], asked["step"], asker)

        def answer(event: gr.EventData) -> dict[str, Any]:
            asked = _texts(event, "lesson", "step", "answer")
            return self.answered(asked["lesson"], asked["step"], asked["answer"])

        self.link.restore(restore, self.photo, outputs, trigger_mode="multiple", **_OPTIONS)
        self.lesson.go(go, self.photo, outputs, trigger_mode="multiple", **_OPTIONS)
        self.lesson.answer(answer, None, self.lesson, trigger_mode="multiple", **_OPTIONS)

    def opened(self, query: str, asker: Asker) -> dict[Any, Any]:
        """The page as the address asks for it."""
        link, notes = read_link(query, self.views)
        if link.lesson in self.lessons:
            return self.at_step(link.lesson, str(link.step), asker, notes)
        if link.lesson:
            notes.append(text.NO_LESSON)
            link = replace(link, view=LESSONS_VIEW, lesson="", texts={})
        return self._restored(link, notes, asker)

    def at_step(
        self, name: str, number: str, asker: Asker, notes: Sequence[str] = ()
    ) -> dict[Any, Any]:
        """The page at a step of a lesson; after the last one, or without a lesson, as it is."""
        lesson = self.lessons.get(name)
        if lesson is None:
            return {self.lesson: gone(), self.link: _released()}
        step = min(whole(number) or 1, len(lesson.steps) + 1)
        if step > len(lesson.steps):
            names = list(self.lessons)
            following = names[names.index(name) + 1 :]
            ending = done(lesson, self.lessons[following[0]] if following else None)
            return {self.lesson: ending, self.link: _released()}
        query = lesson.steps[step - 1].link
        link, own = read_link(query, self.views)
        link = replace(link, lesson=name, step=step)
        return {**self._restored(link, [*notes, *own], asker), self.lesson: shown(lesson, step)}

    def answered(self, name: str, number: str, answer: str) -> dict[str, Any]:
        """What is said to an answer."""
        lesson = self.lessons.get(name)
        steps = () if lesson is None else lesson.steps
        step = whole(number) or 0
        question = steps[step - 1].question if 1 <= step <= len(steps) else None
        if question is None:
            return {"said": text.NO_LESSON, "right": False}
        return said(question, answer)

    def _restored(self, link: Link, notes: list[str], asker: Asker) -> dict[Any, Any]:
        view = self.linked.get(link.view)
        values: dict[Any, Any] = {}
        controls: Mapping[str, str] = {}
        if view is not None:
            controls = view.controls
            if link.texts or not link.lesson:
                values, more = view.restore(link.texts, asker)
                notes = notes + more
        elif link.texts:
            notes = [*notes, *(f"{printable(name)} was left out." for name in link.texts)]
        asked = {"lock": link.lock, "hide": link.hide}
        for names in asked.values():
            unknown = [name for name in names if name != ALL and name not in controls]
            notes = notes + [
                f"{printable(name)} cannot be locked or hidden here." for name in unknown
            ]
        held = {
            what: [part for name, part in controls.items() if name in names or ALL in names]
            for what, names in asked.items()
        }
        told = values.pop(self.link, {})
        values[self.link] = {
            **told, "restored": True, "fresh": not link.lesson, **held,
            "lesson": link.lesson, "step": link.step,
            "notes": [text.NOTES, *notes[:_MOST_NOTES]] if notes else [],
        }  # fmt: skip
        if link.view:
            values[self.tabs] = gr.Tabs(selected=link.view)
        return values


def _released() -> dict[str, Any]:
    return {"restored": True, "fresh": False, "lock": [], "hide": [], "lesson": "", "step": 1,
            "notes": []}  # fmt: skip


def _texts(event: gr.EventData, *names: str) -> dict[str, str]:
    """What the browser has sent, each as a text."""
    sent = event._data if isinstance(event._data, dict) else {}
    return {name: str(sent.get(name, "")) for name in names}
