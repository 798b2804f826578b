"""Lessons as data files: a state of the page, what to look at, and a question, step by step.

A file is TOML; `assets/lessons` has the bundled ones and docs/extending.md says what may stand
in them. Nothing in a file is markup or code.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sadal_core.bundled import ASSETS
from sadal_core.errors import DataError

BUNDLED_LESSONS: Final = ASSETS / "lessons"
# What a step may point at, and the part of the page that this is.
LOOKS: Final = {
    "estimate": "sadal-photo",
    "map": "sadal-map",
    "map-believe": "sadal-believe",
    "map-picked": "sadal-picked",
    "map-space": "sadal-map-space",
    "map-kind": "sadal-map-kind",
    "q-figure": "sadal-q-figure",
    "q-words": "sadal-q-words",
    "q-on": "sadal-q-on",
    "hard-detail": "sadal-hard-detail",
    "hard-plane": "sadal-plane",
    "hard-generators": "sadal-boxes",
    "train": "sadal-lab",
    "train-turns": "sadal-lab-turns",
    "train-watch": "sadal-lab-watch",
}
_TEXTS: Final = ("text", "link", "look", "ask", "right", "wrong", "unit")
_LARGEST: Final = 1e15  # number in an answer
_OF_A_QUESTION: Final = ("choices", "answer", "within", "right", "wrong", "unit")


@dataclass(frozen=True)
class Question:
    """A question with an answer that can be checked.

    Attributes:
        ask: the question.
        choices: to choose from; empty where a number is asked for.
        answer: number of the right choice from 1, or the right number.
        within: how far a number may be off.
        unit: of the number.
        right: said to a right answer.
        wrong: said to a wrong one: a hint.
    """

    ask: str
    choices: tuple[str, ...]
    answer: float
    within: float
    unit: str
    right: str
    wrong: str

    def accepts(self, text: str) -> bool | None:
        """Whether an answer is right; None where it is no answer."""
        try:
            given = float(text.strip().replace(",", "."))
        except ValueError:
            return None
        if not math.isfinite(given):
            return None
        off = abs(given - self.answer)
        return off <= self.within or math.isclose(off, self.within)  # 0.4 is within 0.1 of 0.3


@dataclass(frozen=True)
class Step:
    """One step of a lesson.

    Attributes:
        text: paragraphs.
        link: query of the state that the page is put into; empty leaves it.
        look: name in `LOOKS`, or empty.
        question: None where there is none.
    """

    text: tuple[str, ...]
    link: str
    look: str
    question: Question | None


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes:
        name: in links: the file's name without number and ending.
        title: of the lesson.
        about: what one learns, in a sentence.
        minutes: that it takes.
        steps: at least one.
    """

    name: str
    title: str
    about: str
    minutes: int
    steps: tuple[Step, ...]


def load_lessons(folder: Path = BUNDLED_LESSONS) -> tuple[dict[str, Lesson], list[str]]:
    """The lessons of a folder by name, in the order of their files, and what is wrong with others.

    A file that is wrong is left out, so that it does not take the others with it.
    """
    lessons: dict[str, Lesson] = {}
    notes: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            lesson = read_lesson(path)
        except DataError as error:
            notes.append(str(error))
            continue
        if lesson.name in lessons:
            notes.append(f"{path.name}: there is another lesson {lesson.name!r}.")
        lessons.setdefault(lesson.name, lesson)
    return lessons, notes


def read_lesson(path: Path) -> Lesson:
    """The lesson in a file.

    Raises:
        DataError: names the file, the step and what is wrong with it.
    """
    try:
        stored = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path.name} is no TOML file ({error}).") from None
    head = {name: stored.get(name) for name in ("title", "about", "minutes")}
    if not (isinstance(head["title"], str) and isinstance(head["about"], str)):
        raise DataError(f"{path.name}: title and about must be texts.")
    if type(head["minutes"]) is not int:
        raise DataError(f"{path.name}: minutes must be a whole number.")
    steps = stored.get("step")
    if not isinstance(steps, list) or not steps or not all(isinstance(s, dict) for s in steps):
        raise DataError(f"{path.name} has no [[step]].")
    _only(path.name, stored, (*head, "step"))
    made = tuple(_step(step, f"{path.name}, step {i}") for i, step in enumerate(steps, start=1))
    name = path.stem.lstrip("0123456789").lstrip("-")
    if not name:
        raise DataError(f"{path.name} has no name after its number, as in 1-what-is-a-metric.toml.")
    return Lesson(name, head["title"], head["about"], head["minutes"], made)


def _step(stored: Mapping[str, Any], where: str) -> Step:
    _only(where, stored, (*_TEXTS, "choices", "answer", "within"))
    texts = {name: stored.get(name, "") for name in _TEXTS}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise DataError(f"{where}: {name} must be a text.")
    if not texts["text"].strip():
        raise DataError(f"{where}: text is missing.")
    if texts["look"] and texts["look"] not in LOOKS:
        raise DataError(f"{where}: look must be one of {', '.join(LOOKS)}.")
    parts = texts["text"].split("\n\n")
    paragraphs = tuple(" ".join(part.split()) for part in parts if part.strip())
    if not texts["ask"] and any(name in stored for name in _OF_A_QUESTION):
        raise DataError(f"{where}: an answer needs a question, which is ask.")
    question = _question(stored, texts, where) if texts["ask"] else None
    return Step(paragraphs, texts["link"].removeprefix("?"), texts["look"], question)


def _question(stored: Mapping[str, Any], texts: Mapping[str, str], where: str) -> Question:
    choices: Any = stored.get("choices", [])
    answer: Any = stored.get("answer")
    within: Any = stored.get("within", 0)
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        raise DataError(f"{where}: choices must be a list of texts.")
    if not _is_number(answer) or not _is_number(within) or within < 0:
        raise DataError(f"{where}: answer, and within if there is one, must be numbers.")
    if choices and (answer not in range(1, len(choices) + 1) or within):
        raise DataError(f"{where}: answer must be the number of a choice, from 1, without within.")
    if not texts["right"] or not texts["wrong"]:
        raise DataError(f"{where}: a question needs right and wrong, what is said to an answer.")
    return Question(
        texts["ask"], tuple(choices), float(answer), float(within), texts["unit"], texts["right"],
        texts["wrong"],
    )  # fmt: skip


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < _LARGEST  # TOML has nan and inf


def _only(where: str, stored: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in stored:
        if name not in known:
            raise DataError(f"{where}: {name!r} is unknown. Known: {', '.join(known)}.")
