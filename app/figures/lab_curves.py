"""What a lab measures, over the turns: losses, order and error, active shares."""

from typing import Final, NamedTuple

import plotly.graph_objects as go

from app.figures.template import TEMPLATE
from app.lab_text import CurveWords
from app.palette import BLUE, GREY, ORANGE, VIOLET


class Series(NamedTuple):
    """A curve.

    Attributes:
        key: of a record.
        colour: of the line.
        dash: of the line.
        second: whether it belongs to the axis on the right.
    """

    key: str
    colour: str
    dash: str = "solid"
    second: bool = False


# The generator's curves are orange as its negatives are; the metric's and real samples' are blue.
CURVES: Final[dict[str, tuple[Series, ...]]] = {
    "losses": (Series("generator_loss", ORANGE), Series("metric_loss", BLUE)),
    "order": (
        Series("validation_order_correlation", BLUE),
        Series("validation_mae", VIOLET, "dash", second=True),
    ),
    "shares": (
        Series("adv_active", ORANGE, "dot"),
        Series("synthetic_active", ORANGE),
        Series("real_active", BLUE),
        Series("probe_copy_ratio", GREY, "dash"),
    ),
}


def lab_curves(name: str, words: CurveWords) -> go.Figure:
    """A figure whose curves are empty; the browser draws them from the records of a lab.

    Args:
        name: in `CURVES`.
        words: titles and names.
    """
    figure = go.Figure(
        [
            go.Scatter(
                x=[], y=[], name=words.names[one.key], mode="lines",
                line={"color": one.colour, "dash": one.dash, "width": 2},
                meta={"series": one.key}, yaxis="y2" if one.second else "y",
                hovertemplate=f"{words.names[one.key]} %{{y:.3f}}<extra></extra>",
            )
            for one in CURVES[name]
        ]
    )  # fmt: skip
    figure.update_layout(
        template=TEMPLATE, hovermode="x", showlegend=True,
        margin={"l": 50, "r": 50 if words.second else 12, "t": 28, "b": 78},
        title={"text": words.title, "x": 0, "xref": "paper", "font": {"size": 13}},
        legend={"orientation": "h", "x": 0, "y": -0.24, "yanchor": "top", "font": {"size": 11}},
    )  # fmt: skip
    figure.update_xaxes(title_text="Turns taken", rangemode="tozero")
    if name == "shares":
        figure.update_yaxes(range=[0, 1.05])
    figure.update_layout(yaxis={"title": {"text": words.axis}})
    if name == "order":
        figure.update_layout(
            yaxis={"range": [-0.2, 1]},
            yaxis2={"title": {"text": words.second}, "overlaying": "y", "side": "right",
                    "rangemode": "tozero", "showgrid": False, "tickmode": "auto", "nticks": 5},
        )  # fmt: skip
    return figure
