"""HTML that only the page's own style sheet dresses."""

from pathlib import Path
from typing import Any, Final

import gradio as gr

_ASSETS: Final = Path(__file__).resolve().parents[2] / "assets"


def plain_html(value: Any = "", *, script: str | None = None, **options: Any) -> gr.HTML:
    """A part that shows `value` as it is.

    Args:
        value: HTML, or whatever the part's template expects.
        script: name of a file in `assets/` that gives the part its behaviour.
        options: further keywords of `gr.HTML`.
    """
    code = (_ASSETS / script).read_text("utf-8") if script else None
    return gr.HTML(value, js_on_load=code, apply_default_css=False, **options)
