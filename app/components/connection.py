"""What the page says and does while its server does not answer."""

import json
from html import escape

import gradio as gr

from app import text
from app.components.html import plain_html


def connection_part() -> gr.HTML:
    """A part that is empty while all is well; when a lost server is back, it loads the page."""
    words = escape(json.dumps(text.LOST_WORDS, ensure_ascii=False))
    return plain_html(
        None,
        html_template=f'<div class="sadal-lost" role="alert" data-words="{words}"></div>',
        script="connection.js",
        elem_id="sadal-connection",
    )
