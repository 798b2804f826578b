"""Error against time of the models that were tried."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go

from app.figures.template import TEMPLATE
from app.palette import BLUE, GREY

_HEIGHT: Final = 340
_ROOM: Final = 1.3  # of the axis of times, beyond the slowest


def tradeoff(
    names: Sequence[str],
    milliseconds: Sequence[float],
    errors: Sequence[tuple[float, float, float]],
    *,
    bundled: str = "",
) -> go.Figure:
    """A dot with its interval for each model.

    Args:
        names: of the models.
        milliseconds: of the backbone on one face.
        errors: MAE with the ends of its interval, in years.
        bundled: name of the model that the page runs, which is drawn strongly.
    """
    middle, low, high = np.array(errors, float).reshape(-1, 3).T
    colours = [BLUE if name == bundled else GREY for name in names]
    dots = {
        "type": "scatter", "mode": "markers+text", "x": list(milliseconds), "y": middle,
        "text": list(names), "textposition": "middle right", "cliponaxis": False,
        "marker": {"color": colours, "size": 10},
        "error_y": {"type": "data", "array": high - middle, "arrayminus": middle - low,
                    "thickness": 1.4, "width": 0, "color": GREY},
        "customdata": np.stack([low, high], axis=1),
        "hovertemplate": "%{text}: %{y:.2f} years (%{customdata[0]:.2f} to "
        "%{customdata[1]:.2f}), %{x:.1f} ms<extra></extra>",
    }  # fmt: skip
    slowest = max(milliseconds, default=1)
    layout = {
        "template": TEMPLATE, "height": _HEIGHT,
        "xaxis": {"title": {"text": "Backbone on one face and one core (ms)"},
                  "range": [0, _ROOM * slowest]},
        "yaxis": {"title": {"text": "MAE on held-out faces (years)"}},
    }  # fmt: skip
    return go.Figure({"data": [dots], "layout": layout})
