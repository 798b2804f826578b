"""The live camera: video, boxes over it, one button and the measured rate."""

from html import escape

import gradio as gr

from app import text
from app.components.html import data_words, plain_html


def live_view() -> gr.HTML:
    """A part that triggers `frame` with a picture and draws the answer that becomes its value."""
    return plain_html(
        None,
        html_template=(
            f'<div class="sadal-live" {data_words(text.LIVE_WORDS)} data-running="false">'
            '<div class="sadal-live-frame"><video muted playsinline></video>'
            '<svg aria-hidden="true"></svg>'
            f'<p class="sadal-live-message" role="status">{escape(text.LIVE_IDLE)}</p></div>'
            '<div class="sadal-live-controls">'
            f'<button type="button" class="sadal-button">{escape(text.LIVE_START)}</button>'
            '<p class="sadal-live-meter"></p></div></div>'
        ),
        script="camera.js live.js",
        elem_id="sadal-live",
    )
