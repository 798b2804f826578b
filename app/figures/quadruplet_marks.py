"""What is drawn over the map for a chosen quadruplet or a visitor: roles, lines, arrows.

Traces are WebGL as the map's own: plotly draws every SVG trace under them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import plotly.graph_objects as go

from app.palette import BLUE, GREY, ORANGE, VIOLET

WHITE: Final = "#ffffff"  # inside or around a mark, so that it stands out of a crowd


class Role(NamedTuple):
    """The mark of a role, the same in every view.

    Attributes:
        plane: plotly's symbol in the plane.
        space: in space, where there are fewer.
        fill: colour inside.
        edge: colour of the outline.
    """

    plane: str
    space: str
    fill: str
    edge: str


ROLES: Final[dict[str, Role]] = {
    "anchor": Role("circle", "circle", WHITE, BLUE),
    "positive": Role("square", "square", WHITE, BLUE),
    "younger": Role("triangle-down", "diamond", WHITE, BLUE),
    "older": Role("triangle-up", "diamond", WHITE, BLUE),
    "generated": Role("diamond", "diamond", ORANGE, WHITE),
    "you": Role("star", "cross", VIOLET, WHITE),
}


@dataclass(frozen=True)
class Mark:
    """One marked point.

    Attributes:
        role: in `ROLES`.
        place: on the map.
        label: said beside it and on hover.
    """

    role: str
    place: np.ndarray
    label: str


@dataclass(frozen=True)
class Line:
    """A line between two places.

    Attributes:
        start: where it begins.
        end: where it ends.
        label: the true distance, written in its middle.
        layer: "lines", or "arrows" for source to generated.
    """

    start: np.ndarray
    end: np.ndarray
    label: str
    layer: str = "lines"


def quadruplet_marks(marks: Sequence[Mark], lines: Sequence[Line]) -> go.Figure:
    """Marks and lines as traces, arrows and distances in the plane as annotations; no axes.

    Args:
        marks: all in the plane, or all in space.
        lines: likewise.
    """
    figure = go.Figure()
    for line in lines:
        figure.add_trace(_line(line))
        if len(line.start) == 2:
            figure.add_annotation(_arrow(line) if line.layer == "arrows" else _label(line))
    for role in ROLES:
        some = [mark for mark in marks if mark.role == role]
        if some:
            figure.add_trace(_marks(role, some))
    return figure


def _line(line: Line) -> Any:
    flat = len(line.start) == 2
    points = np.stack([line.start, (line.start + line.end) / 2, line.end])
    kind = go.Scattergl if flat else go.Scatter3d
    return kind(
        **dict(zip("xyz", points.T, strict=False)), mode="lines" if flat else "lines+text",
        showlegend=False, text=["", line.label, ""], hoverinfo="skip", meta={"layer": line.layer},
        line={"color": ORANGE if line.layer == "arrows" else GREY, "width": 2 if flat else 4,
              "dash": "solid" if line.layer == "lines" else "dot"},
    )  # fmt: skip


def _label(line: Line) -> dict[str, Any]:
    middle = (line.start + line.end) / 2
    return {
        "x": float(middle[0]), "y": float(middle[1]), "xref": "x", "yref": "y", "text": line.label,
        "showarrow": False, "yshift": 8, "name": "lines", "font": {"size": 12},
    }  # fmt: skip


def _arrow(line: Line) -> dict[str, Any]:
    return {
        "x": float(line.end[0]), "y": float(line.end[1]), "xref": "x", "yref": "y",
        "ax": float(line.start[0]), "ay": float(line.start[1]), "axref": "x", "ayref": "y",
        "text": "", "showarrow": True, "arrowhead": 2, "arrowsize": 1.2, "arrowwidth": 1.5,
        "arrowcolor": ORANGE, "name": "arrows",
    }  # fmt: skip


def _marks(role: str, marks: Sequence[Mark]) -> Any:
    flat = len(marks[0].place) == 2
    look = ROLES[role]
    places = np.stack([mark.place for mark in marks])
    kind = go.Scattergl if flat else go.Scatter3d
    return kind(
        **dict(zip("xyz", places.T, strict=False)), mode="markers", name=role,
        text=[mark.label for mark in marks], hovertemplate="%{text}<extra></extra>",
        meta={"layer": "you" if role == "you" else "lines"},
        marker={"symbol": look.plane if flat else look.space, "size": 14 if flat else 7,
                "color": look.fill, "line": {"width": 2.5, "color": look.edge}},
    )  # fmt: skip
