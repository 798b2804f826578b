"""Error against time of the models that were tried."""

from collections.abc import Container, Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from app.figures.template import TEMPLATE
from app.palette import BLUE, GREY

_HEIGHT: Final = 340
_ROOM: Final = 1.3  # of the axis of times, beyond the slowest


def tradeoff(
    names: Sequence[str],
    milliseconds: Sequence[float],
    errors: Sequence[tuple[float, float, float]],
    *,
    named: Container[str],
    bundled: Container[str] = (),
) -> go.Figure:
    """A dot for each model; a larger one with name and interval for those that are named.

    Args:
        names: of the models.
        milliseconds: of the backbone on one face.
        errors: MAE with the ends of its interval, in years.
        named: whose names are written; others show theirs when pointed at.
        bundled: the model that the page runs, which is drawn strongly.
    """
    times, figures = np.array(milliseconds, float), np.array(errors, float).reshape(-1, 3)
    large = np.array([name in named for name in names], bool)
    labels = np.array(names, object)
    colours = [BLUE if name in bundled else GREY for name in labels[large]]
    small = _dots(labels[~large], times[~large], figures[~large])
    strong = _dots(labels[large], times[large], figures[large])
    low, middle, high = figures[large][:, [1, 0, 2]].T
    small |= {"mode": "markers", "marker": {"color": GREY, "size": 6, "opacity": 0.6}}
    strong |= {
        "mode": "markers+text", "textposition": "middle right", "cliponaxis": False,
        "marker": {"color": colours, "size": 10},
        "error_y": {"type": "data", "array": high - middle, "arrayminus": middle - low,
                    "thickness": 1.4, "width": 0, "color": GREY},
    }  # fmt: skip
    layout = {
        "template": TEMPLATE, "height": _HEIGHT, "showlegend": False,
        "xaxis": {"title": {"text": "Backbone on one face and one core (ms)"},
                  "range": [0, _ROOM * max(milliseconds, default=1)]},
        "yaxis": {"title": {"text": "MAE on held-out faces (years)"}},
    }  # fmt: skip
    return go.Figure({"data": [small, strong], "layout": layout})


def _dots(
    names: np.ndarray, times: Float[np.ndarray, " models"], errors: Float[np.ndarray, "models 3"]
) -> dict[str, Any]:
    """Models by their times and errors, with all about them for who points at one."""
    return {
        "type": "scatter", "x": times, "y": errors[:, 0], "text": list(names),
        "customdata": errors[:, 1:],
        "hovertemplate": "%{text}: %{y:.2f} years (%{customdata[0]:.2f} to "
        "%{customdata[1]:.2f}), %{x:.1f} ms<extra></extra>",
    }  # fmt: skip
