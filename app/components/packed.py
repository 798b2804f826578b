"""HTML whose values are large; alone here, for Gradio writes a stub beside every such class."""

import json
from typing import Any

import gradio as gr


class PackedHTML(gr.HTML):
    """HTML whose value, whatever it holds, travels as one text.

    Gradio's page copies all values that it holds, deeply, at every change of any of them; figures
    are large, and a text is copied at no cost. `assets/plotly.js` unpacks it.
    """

    def postprocess(self, value: Any) -> str | None:
        """The value as JSON."""
        return None if value is None else json.dumps(value, allow_nan=False)
