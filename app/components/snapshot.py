"""What the photo part says when its camera does not start; Gradio says nothing."""

import json
from html import escape

import gradio as gr

from app import text
from app.components.html import plain_html


def snapshot_words() -> gr.HTML:
    """A part that shows nothing itself: it puts its words into the photo part."""
    words = escape(json.dumps(text.LIVE_WORDS, ensure_ascii=False))
    return plain_html(
        None,
        html_template=f'<div data-words="{words}"></div>',
        script="camera.js snapshot.js",
        elem_id="sadal-snapshot",
    )
