"""Q over the age gap, and below it the distance it demands beside the one that was learned."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.curves import FARTHEST, LARGEST_GAP, Learned, QCurves
from app.figures.template import TEMPLATE
from app.palette import BLUE, BLUE_WASH, GREY, ORANGE, VIOLET

_HEIGHT: Final = 560
_GAP_AXIS: Final = "Age gap (years)"


def similarity_curves(
    curves: QCurves,
    metric: Learned | None,
    control: Learned | None,
    *,
    demand: str,
    marked: Sequence[tuple[str, int, float]] = (),
) -> go.Figure:
    """Two panels over one axis of age gaps.

    Args:
        curves: Q of all variants; the chosen one is drawn strongly.
        metric: distances in SADAL's metric, with their spread as a band; None without one.
        control: distances before the metric stage, scaled to the same overall mean.
        demand: how the demanded distance is written, such as "tau Q".
        marked: kind ("real" or "generated"), age gap in years and squared distance of pairs that
            are chosen on the map.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.09,
                           row_heights=[0.42, 0.58])  # fmt: skip
    for name, values in curves.q.items():
        chosen = name == curves.chosen
        figure.add_trace(
            go.Scatter(
                x=curves.gaps, y=values, name=f"Q {name}", showlegend=False,
                line={"color": BLUE if chosen else GREY, "width": 3 if chosen else 1,
                      "dash": "solid" if chosen else "dot"},
                hovertemplate=f"{name}: Q = %{{y:.3f}}<extra></extra>",
            ), row=1, col=1,
        )  # fmt: skip
    if metric is not None:
        _add_learned(figure, metric)
    if control is not None:
        figure.add_trace(
            go.Scatter(
                x=control.gaps, y=control.mean, name="before the metric stage (scaled)",
                line={"color": GREY, "width": 2, "dash": "dash"},
                hovertemplate="before: %{y:.2f}<extra></extra>",
            ), row=2, col=1,
        )  # fmt: skip
    met = np.where(curves.demanded <= FARTHEST, curves.demanded, np.nan)
    figure.add_trace(
        go.Scatter(
            x=curves.gaps, y=met, name=f"demanded, {demand}",
            line={"color": VIOLET, "width": 2.5},
            hovertemplate="demanded: %{y:.2f}<extra></extra>",
        ), row=2, col=1,
    )  # fmt: skip
    for kind, symbol, colour in (
        ("real", "triangle-up", BLUE), ("generated", "diamond", ORANGE),
    ):  # fmt: skip
        pairs = [pair for pair in marked if pair[0] == kind]
        if pairs:
            figure.add_trace(
                go.Scatter(
                    x=[gap for _, gap, _ in pairs], y=[d for *_, d in pairs], mode="markers",
                    name=f"{kind} negative chosen on the map",
                    marker={"symbol": symbol, "size": 12, "color": colour,
                            "line": {"width": 2, "color": "#ffffff"}},
                    hovertemplate=f"{kind} negative: %{{y:.2f}}<extra></extra>",
                ), row=2, col=1,
            )  # fmt: skip
    figure.update_layout(
        template=TEMPLATE, height=_HEIGHT, showlegend=True, hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": -0.13, "yanchor": "top"},
        margin={"l": 52, "r": 12, "t": 12, "b": 96},
    )  # fmt: skip
    highest = max(1.5, float(curves.q[curves.chosen][curves.gaps <= 30].max()))
    figure.update_yaxes(title_text="Q", range=[0, 1.05 * highest], row=1, col=1)
    figure.update_yaxes(title_text="Squared distance", range=[0, FARTHEST], row=2, col=1)
    figure.update_xaxes(range=[0, LARGEST_GAP], dtick=10)
    return figure.update_xaxes(title_text=_GAP_AXIS, row=2, col=1)


def _add_learned(figure: go.Figure, metric: Learned) -> None:
    """Mean distance per gap, with one standard deviation on either side as a band."""
    low, high = metric.mean - metric.deviation, metric.mean + metric.deviation
    figure.add_trace(
        go.Scatter(
            x=np.concatenate([metric.gaps, metric.gaps[::-1]]),
            y=np.concatenate([high, np.maximum(low, 0)[::-1]]),
            fill="toself", fillcolor=BLUE_WASH, line={"width": 0}, hoverinfo="skip",
            name="± 1 standard deviation",
        ), row=2, col=1,
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=metric.gaps, y=metric.mean, name="learned by SADAL",
            line={"color": BLUE, "width": 3}, customdata=metric.pairs,
            hovertemplate="learned: %{y:.2f} over %{customdata:,} pairs<extra></extra>",
        ), row=2, col=1,
    )  # fmt: skip
