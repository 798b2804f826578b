"""HTML that only the page's own style sheet dresses."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from sadal_core.bundled import ASSETS


def plain_html(
    value: Any = "", *, script: str = "", kind: type[gr.HTML] = gr.HTML, **options: Any
) -> gr.HTML:
    """A part that shows `value` as it is.

    Args:
        value: HTML, or whatever the part's template expects.
        script: names of files in `assets/`, with blanks between them, that together give the part
            its behaviour.
        kind: class of the part.
        options: further keywords of `gr.HTML`.
    """
    code = "".join((ASSETS / name).read_text("utf-8") for name in script.split())
    return kind(value, js_on_load=code or None, apply_default_css=False, **options)


def data_words(words: Mapping[str, Any]) -> str:
    """The attribute from which a part's script reads what it says."""
    return f'data-words="{escape(json.dumps(words, ensure_ascii=False))}"'
