"""What the page says and does while its server does not answer."""

import gradio as gr

from app import text
from app.components.html import data_words, plain_html


def connection_part() -> gr.HTML:
    """A part that is empty while all is well; when a lost server is back, it loads the page."""
    return plain_html(
        None,
        html_template=f'<div class="sadal-lost" role="alert" {data_words(text.LOST_WORDS)}></div>',
        script="connection.js",
        elem_id="sadal-connection",
    )
