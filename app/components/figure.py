"""A figure as a part of the page that is redrawn often: its value travels as one text."""

import json
from html import escape
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from app import text
from app.components.html import plain_html
from app.components.packed import PackedHTML
from app.files import PLOTLY, file_url


def figure_data(figure: go.Figure) -> dict[str, Any]:
    """A figure as plotly.js reads it, with its arrays packed in base64."""
    return json.loads(str(figure.to_json(validate=False)))


def figure_view(elem_id: str, figure: dict[str, Any] | None = None, *, label: str = "") -> gr.HTML:
    """A part whose value is a figure as `figure_data` gives it; None keeps what is drawn.

    Args:
        elem_id: of the part.
        figure: drawn at first.
        label: what it shows, for those who do not see it.
    """
    gr.set_static_paths([PLOTLY])
    words = escape(json.dumps({"failed": text.FIGURE_FAILED}, ensure_ascii=False))
    return plain_html(
        figure,
        html_template=(
            f'<div class="sadal-plot" data-words="{words}" data-plotly="{file_url(PLOTLY)}">'
            f'<div role="img" aria-label="{escape(label)}"></div><p role="status"></p></div>'
        ),
        kind=PackedHTML,
        script="plotly.js figure.js",
        elem_id=elem_id,
    )
