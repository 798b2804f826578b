"""The lab as a part of the page: transport, plots, and what is measured now."""

from html import escape

import gradio as gr

from app import lab_text as text
from app.components.html import data_words, plain_html
from app.components.packed import PackedHTML
from app.files import PLOTLY, file_url


def lab_view() -> gr.HTML:
    """A part whose value is a start `{figures, frame}` or a `frame` (see `tabs.train.answers`).

    It triggers `open` when it is first seen, `turn` with what is wanted, and `rest`.
    """
    gr.set_static_paths([PLOTLY])
    words = text.WORDS | {"detectors": text.DETECTORS}
    steps = (("both", text.BOTH), ("generator", text.GENERATOR), ("metric", text.METRIC))
    buttons = "".join(
        f'<button type="button" class="sadal-button" data-turn="{turn}" disabled>{label}</button>'
        for turn, label in steps
    )
    speeds = "".join(f'<option value="{k}">{label}</option>' for k, label in text.SPEEDS.items())
    plots = "".join(
        f'<div class="sadal-lab-plot" data-plot="{name}" role="img" '
        f'aria-label="{escape(label)}"></div>'
        for name, label in text.FIGURES.items()
    )
    return plain_html(
        None,
        html_template=(
            f'<div class="sadal-lab" {data_words(words)} '
            f'data-plotly="{file_url(PLOTLY)}">'
            '<div class="sadal-lab-bar" id="sadal-lab-turns">'
            f'<button type="button" class="sadal-button sadal-primary" data-play disabled>'
            f"{text.PLAY}</button>{buttons}"
            f'<button type="button" class="sadal-button" data-reset disabled>{text.RESET}</button>'
            f"<label>{text.SPEED} <select>{speeds}</select></label>"
            '<output></output><span class="sadal-lab-rate"></span></div>'
            '<p class="sadal-lab-status" role="status"></p>'
            '<ul class="sadal-lab-alarms" aria-live="polite"></ul>'
            f'<div class="sadal-lab-plots">{plots}'
            f'<div class="sadal-lab-numbers"><h2>{text.NUMBERS}</h2><table></table>'
            f'<button type="button" class="sadal-button" data-csv disabled>{text.CSV}</button>'
            "</div></div></div>"
        ),
        kind=PackedHTML,
        script="plotly.js train.js",
        elem_id="sadal-lab",
    )
