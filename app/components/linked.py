"""What a view offers to links, and the part of the page that shows and reads them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import gradio as gr

from app import lesson_text as text
from app.components.html import data_words, plain_html

Restored = tuple[dict[Any, Any], list[str]]  # values of parts, and what made no sense


class Asker(NamedTuple):
    """Who follows a link.

    Attributes:
        session: of the visitor.
        photo: whose faces were estimated, or None.
    """

    session: str
    photo: Any


@dataclass(frozen=True)
class Linked:
    """A view that links lead to.

    Attributes:
        controls: `elem_id` of what can be locked or hidden, by its name in links.
        parts: that `restore` gives values of.
        restore: texts of a link to values of parts, and notes.
    """

    controls: Mapping[str, str]
    parts: Sequence[Any]
    restore: Callable[[Mapping[str, str], Asker], Restored]


def link_part(views: Mapping[str, str]) -> gr.HTML:
    """A part whose value is the state of a view, `{view, texts}`, or what a link asks for.

    It keeps the address up to date, and triggers `restore` with the query that the page was
    opened with.

    Args:
        views: names of all views by what links call them.
    """
    options = "".join(f'<option value="{k}">{label}</option>' for k, label in text.GUARDS.items())
    return plain_html(
        None,
        html_template=(
            f'<div class="sadal-link" {data_words({"views": views})} hidden><details>'
            f"<summary>{text.LINK}</summary><div>"
            f'<label>{text.LINK_LABEL} <input type="text" readonly></label>'
            f"<label>{text.LINK_CONTROLS} <select>{options}</select></label>"
            f'<button type="button" class="sadal-button">{text.LINK_COPY}</button>'
            f'<p class="sadal-hint" role="status">{text.LINK_HINT}</p></div></details>'
            '<ul class="sadal-link-notes sadal-words" role="status"></ul></div>'
        ),
        script="link.js",
        elem_id="sadal-link",
    )


def state_of(view: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """The value of the link part that says how a view stands."""
    return {"view": view, "texts": dict(texts)}
