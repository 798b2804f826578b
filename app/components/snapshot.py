"""What the photo part says when its camera does not start; Gradio says nothing."""

import gradio as gr

from app import text
from app.components.html import data_words, plain_html


def snapshot_words() -> gr.HTML:
    """A part that shows nothing itself: it puts its words into the photo part."""
    return plain_html(
        None,
        html_template=f"<div {data_words(text.LIVE_WORDS)}></div>",
        script="camera.js snapshot.js",
        elem_id="sadal-snapshot",
    )
