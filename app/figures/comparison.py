"""Methods compared: cumulative scores, error by age, and differences with their intervals."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any, Final, NamedTuple

import numpy as np
import plotly.graph_objects as go

from app.figures.template import TEMPLATE
from app.palette import BLUE, GREY, METHOD_TONES
from app.results import LARGEST_ERROR

_HEIGHT: Final = 420
_LEGEND: Final = {"orientation": "h", "x": 0, "y": -0.26, "yanchor": "top"}
_MARGIN: Final = {"l": 52, "r": 12, "t": 12, "b": 120}
_PER_LINE: Final = 31  # px of a figure's height for one dot
_TITLE_WIDTH: Final = 20  # characters beside a dot; a phone has no room for more
_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_SYMBOLS: Final = ("circle", "square", "triangle-up", "cross", "x", "star")
_SERIES: Final = ((BLUE, "circle", 0.13), (GREY, "square", -0.13))  # and how far off the line
MOST: Final = len(METHOD_TONES)  # methods that can be told apart


class Look(NamedTuple):
    """How a method is drawn; the three differ together, so none has to be told by colour."""

    colour: str
    dash: str
    symbol: str


def looks(methods: Sequence[str]) -> dict[str, Look]:
    """A look for each of at most `MOST` methods, in their order."""
    return {
        method: Look(*look)
        for method, *look in zip(methods, METHOD_TONES, _DASHES, _SYMBOLS, strict=False)
    }


def cs_curves(curves: Mapping[str, Sequence[float]]) -> go.Figure:
    """Shares of faces over the largest error allowed.

    Args:
        curves: by title; in percent for errors of at most 0, 1, 2, ... years.
    """
    return _lines(
        [
            (title, np.arange(len(shares)), shares, f"{title}: %{{y:.1f}} %<extra></extra>")
            for title, shares in curves.items()
        ],
        {"title": {"text": "Error of at most (years)"}, "dtick": 1,
         "range": [-0.3, LARGEST_ERROR + 0.3]},
        {"title": {"text": "Share of faces, CS (%)"}, "range": [0, 100]},
    )  # fmt: skip


def band_errors(
    bands: Sequence[str], faces: Sequence[int], errors: Mapping[str, Sequence[float | None]]
) -> go.Figure:
    """MAE over bands of ages.

    Args:
        bands: names.
        faces: number of faces in each.
        errors: by title; in years, None where there is no face.
    """
    ticks = [f"{band}<br>n\u00a0{n}" for band, n in zip(bands, faces, strict=True)]
    return _lines(
        [
            (title, np.arange(len(bands)), values, f"{title}: %{{y:.2f}} years<extra></extra>")
            for title, values in errors.items()
        ],
        {"title": {"text": "Age (years), number of faces"}, "tickmode": "array",
         "tickvals": list(range(len(bands))), "ticktext": ticks, "tickangle": 0,
         "range": [-0.3, len(bands) - 0.7]},
        {"title": {"text": "MAE (years)"}, "rangemode": "tozero"},
    )  # fmt: skip


def _lines(
    series: Sequence[tuple[str, np.ndarray, Sequence[float | None], str]],
    xaxis: dict[str, Any],
    yaxis: dict[str, Any],
) -> go.Figure:
    tones = looks([title for title, *_ in series])
    data = [
        {"type": "scatter", "mode": "lines+markers", "x": x, "y": y, "name": title,
         "line": {"color": tones[title].colour, "dash": tones[title].dash, "width": 2},
         "marker": {"symbol": tones[title].symbol, "size": 7}, "hovertemplate": hover}
        for title, x, y, hover in series
    ]  # fmt: skip
    layout = {
        "template": TEMPLATE, "height": _HEIGHT, "margin": _MARGIN, "showlegend": True,
        "legend": _LEGEND, "hovermode": "x unified", "xaxis": xaxis, "yaxis": yaxis,
    }  # fmt: skip
    return go.Figure({"data": data, "layout": layout})


def differences(
    titles: Sequence[str],
    series: Mapping[str, Sequence[tuple[float, float, float] | None]],
    *,
    axis: str,
) -> go.Figure:
    """Differences as dots with intervals, one line for each title, from above.

    Args:
        titles: of the lines.
        series: at most two, by name; difference and interval in years, None where there is none.
        axis: title of the axis of differences, with its unit.
    """
    places = np.arange(len(titles))[::-1]
    lines = ["<br>".join(wrap(title, _TITLE_WIDTH)) for title in titles]
    data = []
    for (name, values), (colour, symbol, off) in zip(series.items(), _SERIES, strict=False):
        known = [i for i, value in enumerate(values) if value is not None]
        middle, low, high = np.array([values[i] for i in known], float).reshape(-1, 3).T
        data.append({
            "type": "scatter", "mode": "markers", "name": name, "x": middle,
            "y": places[known] + (off if len(series) > 1 else 0),
            "marker": {"color": colour, "symbol": symbol, "size": 8},
            "error_x": {"type": "data", "array": high - middle, "arrayminus": middle - low,
                        "thickness": 1.6, "width": 0, "color": colour},
            "customdata": np.stack([low, high], axis=1), "text": [titles[i] for i in known],
            "hovertemplate": f"%{{text}}, {name}: %{{x:+.2f}} years "
            "(%{customdata[0]:+.2f} to %{customdata[1]:+.2f})<extra></extra>",
        })  # fmt: skip
    layout = {
        "template": TEMPLATE, "height": 96 + _PER_LINE * max(len(titles), 3),
        "margin": {"l": 12, "r": 12, "t": 34 if len(series) > 1 else 8, "b": 48},
        "showlegend": len(series) > 1,
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        "xaxis": {"title": {"text": axis}, "zeroline": True, "zerolinecolor": GREY,
                  "zerolinewidth": 1.5},
        "yaxis": {"tickmode": "array", "tickvals": places, "ticktext": lines,
                  "automargin": True, "range": [-0.7, len(titles) - 0.3]},
    }  # fmt: skip
    return go.Figure({"data": data, "layout": layout})
