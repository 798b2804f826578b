"""The map: real samples coloured by age, generated hard negatives, and one frame per epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from app.figures.template import TEMPLATE
from app.palette import AGE_SCALE, GRID, ORANGE

_MARGIN: Final = 0.04  # of the range, kept free on each side
_SMALL, _LARGE = 3000, 5.5  # below so many points they are drawn in this size, in px


@dataclass(frozen=True)
class MapPoints:
    """Points of one kind on a map.

    Attributes:
        places: (N, 2) or (N, 3).
        ages: in whole years.
        rows: what the page calls each point by.
        pictures: number of the tile that shows each.
    """

    places: np.ndarray
    ages: np.ndarray
    rows: np.ndarray
    pictures: np.ndarray


@dataclass(frozen=True)
class Moment:
    """The map after one epoch.

    Attributes:
        name: of the frame.
        samples: places of the real samples.
        negatives: places of the generated negatives, NaN where there are none yet.
    """

    name: str
    samples: np.ndarray
    negatives: np.ndarray


def metric_map(
    samples: MapPoints,
    negatives: MapPoints | None,
    axes: Sequence[str],
    *,
    moments: Sequence[Moment] = (),
    title: str = "",
    frame: Sequence[np.ndarray] = (),
) -> go.Figure:
    """Real samples and generated negatives on one map, in the plane or in space.

    Every point carries `[row, picture, age]`, every trace the name of its layer, and the axes
    hold all moments, so that nothing moves but the points.

    Args:
        samples: at least one.
        negatives: drawn over them; None leaves the layer out.
        axes: titles of the axes, with their unit; as many as there are coordinates.
        moments: places after each epoch, in the plane.
        title: what the map is of.
        frame: further places that the axes hold, of samples that are not drawn.
    """
    flat = samples.places.shape[1] == 2
    traces = [_samples(samples, flat=flat)]
    if negatives is not None:
        traces.append(_negatives(negatives, flat=flat))
    figure = go.Figure(traces)
    figure.frames = [
        go.Frame(
            name=moment.name,
            data=[_places(places) for places in (moment.samples, moment.negatives)[: len(traces)]],
        )
        for moment in moments
    ]
    figure.update_layout(
        template=TEMPLATE, margin={"l": 44, "r": 8, "t": 30, "b": 40}, hovermode="closest",
        title={"text": title, "x": 0, "xref": "paper", "font": {"size": 13}},
        dragmode="pan" if flat else "orbit",
    )  # fmt: skip
    everything = [samples.places, *(moment.samples for moment in moments)]
    everything += [corner[None] for corner in frame]
    if negatives is not None:
        everything += [negatives.places, *(moment.negatives for moment in moments)]
    ranges = [_range([places[:, axis] for places in everything]) for axis in range(len(axes))]
    _lay_out(figure, axes, ranges, flat=flat)
    return figure


def _samples(points: MapPoints, *, flat: bool) -> Any:
    return _trace(flat)(
        **_coordinates(points.places), name="real sample", mode="markers", customdata=_data(points),
        hoverinfo="none", meta={"layer": "real"},
        marker={
            "color": points.ages, "colorscale": AGE_SCALE, "cmin": 0, "cmax": 90,
            "size": _size(len(points.rows), flat=flat), "opacity": 0.85, "line": {"width": 0},
            "colorbar": {
                "title": {"text": "Age (years)", "side": "right"}, "thickness": 10, "len": 0.7,
                "outlinewidth": 0,
            },
        },
    )  # fmt: skip


def _negatives(points: MapPoints, *, flat: bool) -> Any:
    return _trace(flat)(
        **_coordinates(points.places), name="generated hard negative", mode="markers",
        customdata=_data(points), hoverinfo="none", meta={"layer": "generated"},
        marker={
            "color": ORANGE, "opacity": 0.4, "symbol": "diamond", "line": {"width": 0},
            "size": 0.75 * _size(len(points.rows), flat=flat),
        },
    )  # fmt: skip


def _trace(flat: bool) -> Any:
    return go.Scattergl if flat else go.Scatter3d


def _size(count: int, *, flat: bool) -> float:
    size = _LARGE * min(1.0, (_SMALL / max(count, 1)) ** 0.25)
    return size if flat else 0.6 * size


def _data(points: MapPoints) -> np.ndarray:
    return np.stack([points.rows, points.pictures, points.ages], axis=1)


def _coordinates(places: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip("xyz", places.astype(np.float32).T, strict=False))


def _places(places: np.ndarray) -> go.Scattergl:
    return go.Scattergl(**_coordinates(places))


def _range(columns: Sequence[np.ndarray]) -> list[float]:
    values = np.concatenate(columns)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = _MARGIN * (high - low) or 1.0
    return [low - margin, high + margin]


def _lay_out(
    figure: go.Figure, axes: Sequence[str], ranges: Sequence[list[float]], *, flat: bool
) -> None:
    if flat:
        shared = {"fixedrange": False, "showticklabels": True, "nticks": 6}
        figure.update_xaxes(title_text=axes[0], range=ranges[0], **shared)
        figure.update_yaxes(title_text=axes[1], range=ranges[1], **shared)
        return
    figure.update_layout(
        scene={
            f"{letter}axis": {
                "title": {"text": title}, "range": bounds, "gridcolor": GRID, "nticks": 5,
                "backgroundcolor": "rgba(0,0,0,0)", "zeroline": False,
            }
            for letter, title, bounds in zip("xyz", axes, ranges, strict=True)
        } | {"aspectmode": "cube"}
    )  # fmt: skip
