from typing import Any

import numpy as np
import pytest

from app.figures.age_distribution import age_distribution, empty_distribution
from tests.fakes import distribution


def drawn(*arguments: Any, **options: Any) -> Any:
    """The figure, whose attributes plotly makes at run time, unseen by type checkers."""
    return age_distribution(*arguments, **options)


def empty() -> Any:
    """The figure without a face."""
    return empty_distribution()


def test_the_distribution_is_drawn_in_percent_over_years() -> None:
    probabilities = distribution(34)
    figure = drawn(probabilities, age=34.2, low=27.5, high=40.5)
    (bars,) = figure.data
    assert bars.type == "bar"
    np.testing.assert_allclose(bars.y, 100 * probabilities)
    assert list(bars.x) == list(range(101))
    assert figure.layout.xaxis.title.text == "Age (years)"
    assert figure.layout.yaxis.title.text == "Probability per year (%)"


def test_interval_and_expectation_are_marked_where_they_are() -> None:
    figure = drawn(distribution(34), age=34.2, low=27.5, high=40.5)
    band, line = figure.layout.shapes
    assert (band.type, band.x0, band.x1) == ("rect", 27.5, 40.5)
    assert (line.type, line.x0, line.x1) == ("line", 34.2, 34.2)
    assert figure.layout.annotations[0].text == "34 years"


def test_bars_inside_the_interval_differ_from_those_outside() -> None:
    colours = drawn(distribution(34), age=34, low=28, high=40).data[0].marker.color
    assert len(set(colours[28:41])) == 1
    assert colours[27] == colours[41] != colours[28]


@pytest.mark.parametrize("age", [0, 100])
def test_the_whole_distribution_stays_in_view_at_the_ends(age: int) -> None:
    figure = drawn(np.eye(101)[age], age=age, low=age, high=age)
    assert figure.layout.yaxis.range[1] >= 100
    low, high = figure.layout.xaxis.range
    assert low < age < high


def test_the_empty_figure_has_the_same_axes_and_height() -> None:
    nothing, full = empty(), drawn(distribution(5), age=5, low=1, high=9)
    assert nothing.layout.xaxis == full.layout.xaxis
    assert nothing.layout.height == full.layout.height
    assert nothing.layout.yaxis.title == full.layout.yaxis.title


def test_figures_are_transparent_so_that_they_fit_light_and_dark() -> None:
    layout = empty().layout.template.layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
