"""Q over the age gap, and below it the distance it demands beside the one that was learned."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from app.curves import FARTHEST, LARGEST_GAP, Learned, QCurves
from app.figures.template import TEMPLATE
from app.palette import BLUE, BLUE_WASH, GREY, ORANGE, VIOLET

_HEIGHT: Final = 560
_GAP_AXIS: Final = {"range": [0, LARGEST_GAP], "dtick": 10}
_LOWER: Final = {"xaxis": "x2", "yaxis": "y2"}  # traces of the panel of distances
_MARKS: Final = {"real": ("triangle-up", BLUE), "generated": ("diamond", ORANGE)}


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
    data = [_similarity(curves, name) for name in curves.q]
    if metric is not None:
        data += _learned(metric)
    if control is not None:
        data.append(_line(
            control.gaps, control.mean, name="before the metric stage (scaled)",
            line={"color": GREY, "width": 2, "dash": "dash"},
            hovertemplate="before: %{y:.2f}<extra></extra>", **_LOWER,
        ))  # fmt: skip
    met = np.where(curves.demanded <= FARTHEST, curves.demanded, np.nan)
    data.append(_line(
        curves.gaps, met, name=f"demanded, {demand}", line={"color": VIOLET, "width": 2.5},
        hovertemplate="demanded: %{y:.2f}<extra></extra>", **_LOWER,
    ))  # fmt: skip
    data += _marked(marked)
    # Made at once from one dictionary: it is redrawn under a moving slider, and every call that
    # changes a figure checks all of it again, which together took ten times as long.
    return go.Figure({"data": data, "layout": _layout(curves)})


def _similarity(curves: QCurves, name: str) -> dict[str, Any]:
    line = {"color": GREY, "width": 1, "dash": "dot"}
    return _line(
        curves.gaps, curves.q[name], name=f"Q {name}", showlegend=False,
        line={"color": BLUE, "width": 3} if name == curves.chosen else line,
        hovertemplate=f"{name}: Q = %{{y:.3f}}<extra></extra>",
    )  # fmt: skip


def _learned(metric: Learned) -> list[dict[str, Any]]:
    """Mean distance per gap, with one standard deviation on either side as a band."""
    low, high = metric.mean - metric.deviation, metric.mean + metric.deviation
    band = _line(
        np.concatenate([metric.gaps, metric.gaps[::-1]]),
        np.concatenate([high, np.maximum(low, 0)[::-1]]),
        fill="toself", fillcolor=BLUE_WASH, line={"width": 0}, hoverinfo="skip",
        name="± 1 standard deviation", **_LOWER,
    )  # fmt: skip
    mean = _line(
        metric.gaps, metric.mean, name="learned by SADAL", line={"color": BLUE, "width": 3},
        customdata=metric.pairs,
        hovertemplate="learned: %{y:.2f} over %{customdata:,} pairs<extra></extra>", **_LOWER,
    )  # fmt: skip
    return [band, mean]


def _marked(marked: Sequence[tuple[str, int, float]]) -> list[dict[str, Any]]:
    """The pairs of each kind that are there, as one trace."""
    traces = []
    for kind, (symbol, colour) in _MARKS.items():
        pairs = [(gap, distance) for found, gap, distance in marked if found == kind]
        if pairs:
            gaps, distances = zip(*pairs, strict=True)
            edge = {"width": 2, "color": "#ffffff"}
            traces.append({
                "type": "scatter", "x": gaps, "y": distances, "mode": "markers",
                "name": f"{kind} negative chosen on the map",
                "marker": {"symbol": symbol, "size": 12, "color": colour, "line": edge},
                "hovertemplate": f"{kind} negative: %{{y:.2f}}<extra></extra>", **_LOWER,
            })  # fmt: skip
    return traces


def _line(x: np.ndarray, y: np.ndarray, **look: Any) -> dict[str, Any]:
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, **look}


def _layout(curves: QCurves) -> dict[str, Any]:
    highest = max(1.5, float(curves.q[curves.chosen][curves.gaps <= 30].max()))
    return {
        "template": TEMPLATE, "height": _HEIGHT, "showlegend": True, "hovermode": "x unified",
        "legend": {"orientation": "h", "x": 0, "y": -0.13, "yanchor": "top"},
        "margin": {"l": 52, "r": 12, "t": 12, "b": 96},
        "xaxis": {**_GAP_AXIS, "anchor": "y", "matches": "x2", "showticklabels": False},
        "yaxis": {"title": {"text": "Q"}, "range": [0, 1.05 * highest], "domain": [0.62, 1]},
        "xaxis2": {**_GAP_AXIS, "anchor": "y2", "title": {"text": "Age gap (years)"}},
        "yaxis2": {"title": {"text": "Squared distance"}, "range": [0, FARTHEST],
                   "domain": [0, 0.53], "anchor": "x2"},
    }  # fmt: skip
