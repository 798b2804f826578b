"""The two pictures of a lab: features, where the generator works, and the metric that is learned.

What moves is named once, in `moving`, for the figure and for the frames that follow it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from app.figures.template import TEMPLATE
from app.palette import AGE_SCALE, ORANGE

_DIGITS: Final = 3  # of a place; less than a pixel
_OLDEST: Final = 80  # end of the colour scale, in years


@dataclass(frozen=True)
class LabPlane:
    """One of the pictures.

    Attributes:
        title: what it is of.
        axes: titles of the axes, with their unit.
        reach: the axes go from -reach to reach.
        names: what an age and a pair of ages are called on hover.
    """

    title: str
    axes: tuple[str, str]
    reach: float
    names: Mapping[str, str]


@dataclass(frozen=True)
class LabPoints:
    """Places in one of the pictures; ages are in whole years.

    Attributes:
        samples: (N, 2).
        generated: (M, 2).
        ages: of the samples.
        source: sample that each generated negative was made from.
        anchor: sample that it is held against.
    """

    samples: np.ndarray
    generated: np.ndarray
    ages: np.ndarray
    source: np.ndarray
    anchor: np.ndarray


def moving(points: LabPoints) -> dict[str, dict[str, list[float | None]]]:
    """Coordinates of every layer, by its name; None breaks a line."""
    starts = points.samples[points.source]
    gap = np.full_like(starts, np.nan)
    arrows = np.stack([starts, points.generated, gap], axis=1).reshape(-1, 2)
    layers = {"samples": points.samples, "arrows": arrows, "generated": points.generated}
    return {
        name: {axis: _numbers(places[:, i]) for i, axis in enumerate("xy")}
        for name, places in layers.items()
    }


def lab_map(plane: LabPlane) -> go.Figure:
    """Samples by age, generated negatives, and a line from the source to each of them: no points.

    The axes are fixed, so that nothing moves but the points.
    """
    figure = go.Figure(
        [
            _layer(
                "samples", hovertemplate=plane.names["sample"] + "<extra></extra>", mode="markers",
                marker={
                    "colorscale": AGE_SCALE, "cmin": 0, "cmax": _OLDEST, "size": 6,
                    "opacity": 0.85, "line": {"width": 0},
                    "colorbar": {"title": {"text": "Age (years)", "side": "right"},
                                 "thickness": 8, "len": 0.7, "outlinewidth": 0},
                },
            ),
            _layer(
                "arrows", mode="lines", hoverinfo="skip", opacity=0.55,
                line={"color": ORANGE, "width": 1, "dash": "dot"},
            ),
            _layer(
                "generated", hovertemplate=plane.names["generated"] + "<extra></extra>",
                mode="markers",
                marker={"color": ORANGE, "symbol": "diamond", "size": 8,
                        "line": {"width": 1, "color": "#ffffff"}},
            ),
        ]
    )  # fmt: skip
    figure.update_layout(
        template=TEMPLATE, hovermode="closest", margin={"l": 46, "r": 4, "t": 28, "b": 40},
        title={"text": plane.title, "x": 0, "xref": "paper", "font": {"size": 13}},
    )  # fmt: skip
    bounds = [-plane.reach, plane.reach]
    figure.update_xaxes(title_text=plane.axes[0], range=bounds, nticks=6)
    figure.update_yaxes(title_text=plane.axes[1], range=bounds, nticks=6)
    return figure


def filled(blank: Mapping[str, Any], points: LabPoints) -> dict[str, Any]:
    """A map with its points, as plotly.js reads it.

    Args:
        blank: `lab_map`, as plotly.js reads it; it stays as it is.
        points: of all layers.
    """
    places = moving(points)
    ages = points.ages.tolist()
    pairs = np.stack([points.ages[points.source], points.ages[points.anchor]], axis=1)
    samples, arrows, generated = (
        {**trace, **places[trace["meta"]["layer"]]} for trace in blank["data"]
    )
    samples["customdata"] = [[age] for age in ages]
    samples["marker"] = {**samples["marker"], "color": ages}
    generated["customdata"] = pairs.tolist()
    return {**blank, "data": [samples, arrows, generated]}


def _layer(name: str, **look: Any) -> go.Scatter:
    return go.Scatter(x=[], y=[], meta={"layer": name}, **look)


def _numbers(column: np.ndarray) -> list[float | None]:
    rounded = np.round(column.astype(np.float64), _DIGITS)
    return [float(value) if np.isfinite(value) else None for value in rounded]
