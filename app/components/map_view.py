"""The map as a part of the page: plots, layers, epochs, and the card that shows a picture."""

from html import escape

import gradio as gr

from app import map_text as text
from app.components.html import data_words, plain_html
from app.components.packed import PackedHTML
from app.files import PLOTLY, file_url


def map_view() -> gr.HTML:
    """A part whose value is `{key, figures, drawn, marks, epochs, epoch, sheet}`, or marks alone.

    It triggers `open` when it is first seen, `pick` with a point, `choose` with the rows of a
    selection, `epoch`, and `zoom` with the part in view where not all samples are drawn.
    """
    gr.set_static_paths([PLOTLY])
    layers = "".join(
        f'<label><input type="checkbox" value="{name}" checked> {escape(label)}</label>'
        for name, label in text.MAP_LAYERS.items()
    )
    saves = "".join(
        f'<button type="button" class="sadal-button" data-format="{kind}">{kind.upper()}</button>'
        for kind in ("png", "svg")
    )
    keys = f'role="application" aria-label="{escape(text.MAP_KEYS)}"'
    return plain_html(
        None,
        html_template=(
            f'<div class="sadal-map" {data_words(text.MAP_WORDS)} data-plotly="{file_url(PLOTLY)}">'
            f'<div class="sadal-layers" role="group" aria-label="{text.MAP_LAYERS_LABEL}">'
            f"{layers}</div>"
            f'<div class="sadal-map-plots"><div class="sadal-map-plot" {keys}></div>'
            f'<div class="sadal-map-plot" hidden {keys}></div></div>'
            f'<div class="sadal-epoch"><label><span>{text.MAP_EPOCH}</span>'
            '<input type="range" min="0" max="0" value="0" disabled></label><output></output>'
            f'<button type="button" class="sadal-button" disabled>{text.MAP_PLAY}</button>'
            "<small></small></div>"
            f'<div class="sadal-map-tools"><button type="button" class="sadal-button sadal-clear">'
            f"{text.MAP_CLEAR}</button><span>{text.MAP_SAVE}</span>{saves}"
            '<p class="sadal-map-status" role="status"></p></div>'
            '<div class="sadal-ring" hidden></div><p class="sadal-unseen" role="status"></p>'
            '<div class="sadal-card" hidden><div class="sadal-tile"></div><p></p></div></div>'
        ),
        kind=PackedHTML,
        script="plotly.js map.js map_keys.js",
        elem_id="sadal-map",
    )
