"""What helps with Gradio's own parts: names, the Tab key, and stillness for who wants it."""

import gradio as gr

from app.components.html import plain_html


def aids() -> gr.HTML:
    """A part that shows nothing; one on the page helps all others."""
    return plain_html(script="motion.js plots.js choices.js", elem_id="sadal-aids")
