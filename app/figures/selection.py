"""What lies in a selection: its ages, and its distances against the age gap."""

from typing import Final

import numpy as np
import plotly.graph_objects as go

from app.figures.template import TEMPLATE
from app.palette import BLUE, BLUE_LIGHT, GREY, ORANGE, VIOLET

_HEIGHT: Final = 260
_MARGIN: Final = {"l": 52, "r": 12, "t": 12, "b": 44}
_OLDEST: Final = 100


def age_histogram(selected: np.ndarray, everybody: np.ndarray) -> go.Figure:
    """Ages of the selected samples in bins of five years, over those of all, scaled to fit.

    Args:
        selected: ages in whole years.
        everybody: ages of the whole gallery.
    """
    bins = np.arange(0, max(_OLDEST, int(everybody.max(initial=0)) + 5), 5)
    figure = go.Figure()
    counts = [np.histogram(ages, [*bins, bins[-1] + 5])[0] for ages in (everybody, selected)]
    scale = len(selected) / max(1, len(everybody))
    figure.add_trace(
        go.Bar(
            x=bins + 2.5, y=counts[1], name="selected", marker={"color": BLUE},
            customdata=bins, hovertemplate="%{customdata}+ years: %{y}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=bins + 2.5, y=counts[0] * scale, name="expected of a random selection",
            line={"color": GREY, "dash": "dot", "shape": "hvh"}, hoverinfo="skip",
        )
    )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=_HEIGHT, margin=_MARGIN, bargap=0.08)
    figure.update_xaxes(title_text="Age (years)", range=[0, bins[-1] + 5])
    return figure.update_yaxes(title_text="Selected samples", rangemode="tozero")


def distances_by_gap(
    pairs: tuple[np.ndarray, np.ndarray],
    generated: tuple[np.ndarray, np.ndarray],
    demanded: np.ndarray | None,
) -> go.Figure:
    """Squared distance against the age gap.

    Args:
        pairs: gaps in years and squared distances of pairs of selected samples.
        generated: the same of selected generated negatives and their anchors.
        demanded: distance that Q demands at gaps 0, 1, 2, ...; None where it is not known.
    """
    figure = go.Figure()
    for (gaps, distances), name, colour, symbol in (
        (pairs, "pairs of real samples", BLUE_LIGHT, "circle"),
        (generated, "generated negative and its anchor", ORANGE, "diamond"),
    ):
        figure.add_trace(
            go.Scattergl(
                x=gaps, y=distances, name=name, mode="markers",
                marker={"size": 5, "color": colour, "symbol": symbol},
                hovertemplate=f"{name}: gap %{{x}} years, distance %{{y:.3f}}<extra></extra>",
            )
        )  # fmt: skip
    if demanded is not None:
        figure.add_trace(
            go.Scatter(
                x=np.arange(len(demanded)), y=demanded, name="demanded of a negative",
                mode="lines", line={"color": VIOLET, "width": 2},
                hovertemplate="demanded: %{y:.2f}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=_HEIGHT, margin=_MARGIN)
    figure.update_xaxes(title_text="Age gap (years)", rangemode="tozero")
    return figure.update_yaxes(title_text="Squared distance", rangemode="tozero")
