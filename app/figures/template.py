"""The look that all figures share: transparent, quiet, readable on light and dark.

Text and lines are re-coloured by `assets/style.css` where the page knows the scheme; the grey
here is what other viewers of the figure see.
"""

from typing import Final

import plotly.graph_objects as go

from app.palette import BLUE, GREY, GRID

_AXIS: Final = {
    "gridcolor": GRID,
    "linecolor": GREY,
    "zeroline": False,
    "ticks": "outside",
    "tickcolor": GRID,
    "ticklen": 4,
    "title": {"standoff": 8},
    "fixedrange": True,
}

TEMPLATE: Final = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": [BLUE],
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": GREY},
        "margin": {"l": 52, "r": 12, "t": 26, "b": 44},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {"font": {"family": "system-ui, sans-serif"}},
    }
)
