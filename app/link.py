"""The state of the page as the query of its address: names and texts, nothing personal.

What comes from an address may say anything: what makes no sense falls back, and is told.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from sadal_core.errors import ConfigError, SadalError

_SHOWN: Final = 40  # characters of a text that makes no sense
_REASON: Final = 400  # characters of why it makes none, which may repeat it
_LONGEST: Final = 4000  # characters of a query
_MOST_STEPS: Final = 1000
ALL: Final = "all"  # in `lock` and `hide`: every control of the view


@dataclass(frozen=True)
class Link:
    """What an address asks for.

    Attributes:
        view: to show; empty is the first.
        texts: state of the view, by the names of its controls.
        lock: names of controls that are shown and cannot be changed.
        hide: names of controls that are not shown.
        lesson: to take; its step then gives view and state.
        step: of the lesson, from 1.
    """

    view: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    lock: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    lesson: str = ""
    step: int = 1

    def query(self) -> str:
        """The query that `read_link` reads as this, without its question mark."""
        own = {
            "view": self.view, "lesson": self.lesson, "step": self.step if self.lesson else "",
            "lock": ",".join(self.lock), "hide": ",".join(self.hide),
        }  # fmt: skip
        kept = {name: text for name, text in own.items() if text != ""}
        return urlencode({**kept, **self.texts})


def read_link(query: str, views: Collection[str]) -> tuple[Link, list[str]]:
    """The link in a query, and one sentence for each part of it that made no sense.

    Args:
        query: with or without its question mark.
        views: that there are.
    """
    notes: list[str] = []
    if len(query) > _LONGEST:
        return Link(), [f"This link is longer than {_LONGEST} characters and was left out."]
    texts = dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True))
    texts = {name: text for name, text in texts.items() if not name.startswith("__")}
    view, step = texts.pop("view", ""), texts.pop("step", "1")
    if view and view not in views:
        notes.append(f"There is no view “{printable(view)}”.")
        view = ""
    lesson = texts.pop("lesson", "")
    if lesson and not 1 <= (whole(step) or 0) <= _MOST_STEPS:
        notes.append(f"There is no step “{printable(step)}”; the first one is shown.")
        step = "1"
    lock, hide = (_names(texts.pop(name, "")) for name in ("lock", "hide"))
    return Link(view, texts, lock, hide, lesson, int(step) if lesson else 1), notes


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in text.split(",") if name))


def read_fields(
    texts: Mapping[str, str], fields: Mapping[str, Callable[[str], Any]]
) -> tuple[dict[str, Any], list[str]]:
    """The values of known fields, and one sentence for each text that is none.

    Args:
        texts: by name.
        fields: what reads each text; it raises ConfigError with the reason.
    """
    values: dict[str, Any] = {}
    notes: list[str] = []
    for name, text in texts.items():
        if name not in fields:
            notes.append(f"{printable(name)} was left out: this view has no such control.")
            continue
        try:
            values[name] = fields[name](text)
        except SadalError as error:
            reason = shorten(str(error), _REASON, placeholder=" ...")
            notes.append(f"{name}={printable(text)} was left out: {reason}")
    return values, notes


def printable(text: str) -> str:
    """The start of a text that makes no sense, fit to be printed."""
    return "".join(c if c.isprintable() else "�" for c in text[:_SHOWN])


def whole(text: str) -> int | None:
    """The whole number, below a thousand million, that a text is; None where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def one_of(known: Collection[str]) -> Callable[[str], str]:
    """A reader of names."""

    def read(text: str) -> str:
        if text not in known:
            raise ConfigError(f"known are {', '.join(known)}.")
        return text

    return read


def some_of(known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """A reader of names with commas between them; no text is no name."""
    one = one_of(known)

    def read(text: str) -> tuple[str, ...]:
        return tuple(one(name) for name in _names(text))

    return read


def between(low: float, high: float) -> Callable[[str], float]:
    """A reader of numbers."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ConfigError(f"a number from {low:g} to {high:g} is wanted.")
        return value

    return read


def among(known: Collection[int]) -> Callable[[str], int]:
    """A reader of whole numbers that there are."""

    def read(text: str) -> int:
        number = whole(text)
        if number is None or number not in known:
            raise ConfigError("there is no such number here.")
        return number

    return read
