from typing import Any

import numpy as np

from app.figures.comparison import MOST, band_errors, cs_curves, differences, looks
from app.palette import BLUE, ORANGE


def test_cumulative_scores_are_drawn_over_years_in_percent() -> None:
    figure: Any = cs_curves({"SADAL": [20.0, 40.0, 60.0], "Other": [10.0, 30.0, 50.0]})
    first, second = figure.data
    assert (first.name, second.name) == ("SADAL", "Other")
    assert first.x.tolist() == [0, 1, 2]
    assert list(second.y) == [10.0, 30.0, 50.0]
    assert first.line.color == BLUE
    assert figure.layout.xaxis.title.text == "Error of at most (years)"
    assert figure.layout.yaxis.title.text == "Share of faces, CS (%)"
    assert tuple(figure.layout.yaxis.range) == (0, 100)


def test_errors_by_age_name_the_bands_and_their_numbers_of_faces() -> None:
    figure: Any = band_errors(["0–9", "10–19"], [371, 3], {"SADAL": [2.5, None]})
    (curve,) = figure.data
    assert list(curve.y) == [2.5, None]
    assert list(figure.layout.xaxis.ticktext) == ["0–9<br>n\u00a0371", "10–19<br>n\u00a03"]
    assert figure.layout.xaxis.title.text == "Age (years), number of faces"
    assert figure.layout.yaxis.title.text == "MAE (years)"


def test_differences_are_dots_with_their_intervals_in_the_order_of_the_lines() -> None:
    figure: Any = differences(
        ["Best", "A title that is rather long", "Last"],
        {"minus A": [(-0.5, -0.75, 0.25), None, (1.0, 0.5, 2.0)],
         "minus B": [(0.0, 0.0, 0.0), (0.5, 0.25, 0.75), (1.5, 1.0, 2.0)]},
        axis="Difference of MAE (years)",
    )  # fmt: skip
    a, b = figure.data
    assert a.x.tolist() == [-0.5, 1.0]
    assert a.error_x.array.tolist() == [0.75, 1.0]
    assert a.error_x.arrayminus.tolist() == [0.25, 0.5]
    assert np.round(a.y).tolist() == [2, 0]  # the first line is the highest
    assert np.round(b.y).tolist() == [2, 1, 0]
    assert list(a.text) == ["Best", "Last"]
    assert figure.layout.yaxis.ticktext[1] == "A title that is<br>rather long"
    assert figure.layout.xaxis.title.text == "Difference of MAE (years)"
    assert figure.layout.xaxis.zeroline
    assert figure.layout.showlegend


def test_one_series_needs_no_legend_and_none_at_all_is_an_empty_figure() -> None:
    alone: Any = differences(["A"], {"x": [(1.0, 0.5, 1.5)]}, axis="")
    assert not alone.layout.showlegend
    assert alone.data[0].y.tolist() == [0]
    nothing: Any = differences([], {"x": [], "y": []}, axis="")
    assert [len(trace.x) for trace in nothing.data] == [0, 0]
    empty: list[Any] = [cs_curves({}), band_errors([], [], {})]
    assert [len(figure.data) for figure in empty] == [0, 0]


def test_methods_differ_in_colour_dash_and_mark_and_none_is_orange() -> None:
    made = looks([str(i) for i in range(MOST)])
    assert len(made) == MOST
    for part in zip(*made.values(), strict=True):
        assert len(set(part)) == MOST
    assert ORANGE not in {look.colour for look in made.values()}
