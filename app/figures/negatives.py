"""Generated negatives beside real ones: where they lie, and how far they are by age gap."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import plotly.graph_objects as go

from app.figures.template import TEMPLATE
from app.palette import BLUE, BLUE_LIGHT, GREY, ORANGE, VIOLET

_HEIGHT: Final = 340
_MARGIN: Final = {"l": 56, "r": 12, "t": 28, "b": 80}
_LEAST_OFF: Final = 0.2  # lengths of the segment, at least shown
_BIN: Final = 5  # years of gap
_LEGEND: Final = {"orientation": "h", "x": 0, "y": -0.22, "yanchor": "top"}


def segment_plane(
    many: tuple[np.ndarray, np.ndarray],
    few: Mapping[str, tuple[float, float]],
) -> go.Figure:
    """Generated negatives seen from the segment between anchor and real negative.

    Args:
        many: place along the segment and distance off it of the generated negatives of all
            stored quadruplets, both in lengths of the segment.
        few: the same of the quadruplet that is looked at, by name.
    """
    figure = go.Figure()
    figure.add_trace(
        go.Scattergl(
            x=many[0], y=many[1], mode="markers", name="of all quadruplets",
            marker={"size": 4, "color": ORANGE, "opacity": 0.25}, hoverinfo="skip",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scattergl(
            x=[0, 1, 0.5], y=[0, 0, 0], mode="markers+text",
            text=["anchor", "real negative", "midpoint"], textposition="bottom center",
            name="real", showlegend=False, hoverinfo="text",
            marker={"size": [13, 13, 9], "color": [BLUE, BLUE, GREY],
                    "symbol": ["circle", "triangle-up", "line-ns-open"],
                    "line": {"width": 2, "color": [BLUE, BLUE, GREY]}},
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scattergl(
            x=[t for t, _ in few.values()], y=[off for _, off in few.values()], mode="markers",
            text=list(few), name="of this quadruplet",
            hovertemplate="%{text}: %{x:.2f} along, %{y:.2f} off<extra></extra>",
            marker={"size": 14, "symbol": "diamond", "color": ORANGE,
                    "line": {"width": 2, "color": "#ffffff"}},
        )
    )  # fmt: skip
    off = [*many[1][np.isfinite(many[1])], *(one for _, one in few.values() if np.isfinite(one))]
    nearly_all = float(np.quantile(off, 0.995)) if off else 0.0
    highest = max(_LEAST_OFF, nearly_all, *(one for _, one in few.values()))
    figure.update_layout(
        template=TEMPLATE, height=_HEIGHT, margin=_MARGIN, showlegend=True, legend=_LEGEND
    )
    figure.update_xaxes(title_text="Along the segment (its length = 1)", range=[-0.3, 1.3])
    return figure.update_yaxes(
        title_text="Off the segment (its length = 1)", range=[-0.14 * highest, 1.05 * highest]
    )


def distances_by_age_gap(
    gaps: np.ndarray, real: np.ndarray, generated: np.ndarray, demanded: np.ndarray
) -> go.Figure:
    """Medians and quartiles of squared distances to the anchor, by age gap in bins of 5 years.

    Args:
        gaps: in whole years, one per generated negative.
        real: distance of the real negative to the anchor.
        generated: distance of the generated one.
        demanded: distance demanded at each gap.
    """
    figure = go.Figure()
    groups = gaps // _BIN
    known = np.unique(groups)
    middle = _BIN * known + (_BIN - 1) / 2
    for name, values, colour in (
        ("real negative", real, BLUE), ("generated negative", generated, ORANGE),
    ):  # fmt: skip
        low, mid, high = (
            np.array([np.quantile(values[groups == group], share) for group in known])
            for share in (0.25, 0.5, 0.75)
        )
        figure.add_trace(
            go.Scatter(
                x=middle, y=mid, name=name, mode="lines+markers", line={"color": colour},
                error_y={"type": "data", "array": high - mid, "arrayminus": mid - low,
                         "thickness": 1.2, "width": 3},
                hovertemplate=f"{name}, gap about %{{x:.0f}} years: median %{{y:.2f}}"
                "<extra></extra>",
            )
        )  # fmt: skip
    order = np.argsort(gaps, kind="stable")
    met = np.where(demanded[order] <= 4, demanded[order], np.nan)  # more is out of reach
    figure.add_trace(
        go.Scatter(
            x=gaps[order], y=met, name="demanded", mode="lines", hoverinfo="skip",
            line={"color": VIOLET, "width": 2},
        )
    )  # fmt: skip
    figure.update_layout(
        template=TEMPLATE, height=_HEIGHT, margin=_MARGIN, showlegend=True, legend=_LEGEND
    )
    figure.update_xaxes(title_text="Age gap (years)", rangemode="tozero")
    return figure.update_yaxes(title_text="Squared distance to the anchor", rangemode="tozero")


def generators_compared(distances: Mapping[str, np.ndarray]) -> go.Figure:
    """Box plots of the squared distance to the anchor in the metric, one per generator.

    Args:
        distances: by name of the generator; "real negative" is the one without.
    """
    figure = go.Figure()
    for name, values in distances.items():
        real = name == "real negative"
        figure.add_trace(
            go.Box(
                x=values, name=name, boxpoints=False, orientation="h",
                line={"color": BLUE if real else ORANGE}, fillcolor=BLUE_LIGHT if real else None,
            )
        )  # fmt: skip
    figure.update_layout(template=TEMPLATE, height=240, margin={"l": 12, "r": 12, "t": 8, "b": 44})
    figure.update_xaxes(title_text="Squared distance", rangemode="tozero")
    return figure.update_yaxes(autorange="reversed", title_text="", automargin=True)
