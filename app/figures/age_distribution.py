"""The distribution over ages of one face."""

from typing import Final

import numpy as np
import plotly.graph_objects as go

from app.figures.template import TEMPLATE
from app.palette import BLUE, BLUE_LIGHT, BLUE_WASH, INK

_AGES_AXIS: Final = "Age (years)"
_PROBABILITY_AXIS: Final = "Probability per year (%)"
_HEIGHT: Final = 250


def age_distribution(
    probabilities: np.ndarray, *, age: float, low: float, high: float
) -> go.Figure:
    """Bars of probability over age, the interval shaded, the estimate as a dashed line.

    Args:
        probabilities: of the ages 0, 1, 2 ... years, summing to 1.
        age: estimate in years.
        low: lower end of the 80 % interval in years.
        high: its upper end.
    """
    ages = np.arange(len(probabilities))
    inside = (ages >= low - 0.5) & (ages <= high + 0.5)
    figure = empty_distribution(len(probabilities))
    figure.update_traces(
        y=100 * probabilities, marker_color=np.where(inside, BLUE, BLUE_LIGHT).tolist()
    )
    figure.add_vrect(x0=low, x1=high, fillcolor=BLUE_WASH, line_width=0, layer="below")
    figure.add_vline(
        x=age, line={"color": INK, "width": 2, "dash": "dash"},
        annotation={"text": f"{age:.0f} years", "font": {"color": INK, "size": 13},
                    "yanchor": "bottom", "y": 1, "xanchor": "center"},
    )  # fmt: skip
    return figure.update_yaxes(range=[0, 1.08 * max(100 * float(probabilities.max()), 1)])


def empty_distribution(count: int = 101) -> go.Figure:
    """The same axes without a face, so that nothing moves when one arrives."""
    ages = np.arange(count)
    bars = go.Bar(
        x=ages, y=np.zeros(count), width=0.9, hovertemplate="%{x} years: %{y:.1f} %<extra></extra>"
    )
    figure = go.Figure(bars, layout={"template": TEMPLATE, "height": _HEIGHT, "bargap": 0})
    figure.update_xaxes(title_text=_AGES_AXIS, range=[-0.5, count - 0.5], dtick=10, showgrid=False)
    return figure.update_yaxes(title_text=_PROBABILITY_AXIS, range=[0, 6], rangemode="tozero")
