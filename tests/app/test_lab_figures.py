import json
from copy import deepcopy
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from app import lab_text as text
from app.components.figure import figure_data
from app.figures.lab_curves import CURVES, lab_curves
from app.figures.lab_maps import LabPlane, LabPoints, filled, lab_map, moving
from app.palette import BLUE, ORANGE
from sadal_core.lab.lab import Lab
from sadal_core.lab.presets import PRESETS
from sadal_core.lab.state import LabState
from sadal_core.lab.turns import read_turns

PLANE = LabPlane("Where", ("Across (m)", "Up (m)"), 1.5, text.POINT_NAMES)
TURNS = "10b1g1m"


def points(rng: np.random.Generator, samples: int = 9, generated: int = 4) -> LabPoints:
    chosen = rng.permutation(samples)
    return LabPoints(
        rng.normal(size=(samples, 2)), rng.normal(size=(generated, 2)),
        rng.integers(0, 90, samples), chosen[:generated], chosen[::-1][:generated],
    )  # fmt: skip


def as_json(figure: go.Figure) -> Any:
    made = figure_data(figure)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    return made


def layers(given: LabPoints) -> dict[str, Any]:
    """The traces of a map by the names that the browser knows them by."""
    figure = filled(as_json(lab_map(PLANE)), given)
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure
    return {trace["meta"]["layer"]: trace for trace in figure["data"]}


def test_a_map_has_three_layers_with_their_colours(rng: np.random.Generator) -> None:
    given = points(rng)
    found = layers(given)
    assert list(found) == ["samples", "arrows", "generated"]  # the newest on top
    marker = found["samples"]["marker"]
    assert marker["color"] == given.ages.tolist()
    assert (marker["cmin"], marker["cmax"]) == (0, 80)
    assert "(years)" in marker["colorbar"]["title"]["text"]
    assert found["arrows"]["line"]["color"] == found["generated"]["marker"]["color"] == ORANGE
    assert (found["arrows"]["mode"], found["arrows"]["hoverinfo"]) == ("lines", "skip")


def test_a_map_with_its_points_is_what_plotly_makes_of_them(rng: np.random.Generator) -> None:
    blank = as_json(lab_map(PLANE))
    before = deepcopy(blank)
    for given in (points(rng, 30, 12), points(rng), points(rng, generated=0)):
        figure: Any = lab_map(PLANE)
        for trace in figure.data:
            trace.update(moving(given)[trace.meta["layer"]])
        samples, _, generated = figure.data
        ages = given.ages.tolist()
        samples.update(customdata=[[age] for age in ages], marker={"color": ages})
        pairs = zip(given.source.tolist(), given.anchor.tolist(), strict=True)
        generated.update(customdata=[[ages[source], ages[anchor]] for source, anchor in pairs])
        assert filled(blank, given) == as_json(figure)
    assert blank == before  # of which the next map is made


def test_axes_are_named_and_stay_where_they_are() -> None:
    layout: Any = lab_map(PLANE).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == PLANE.axes
    assert layout.xaxis.range == layout.yaxis.range == (-1.5, 1.5)
    assert layout.title.text == "Where"


def test_ages_are_told_on_hover(rng: np.random.Generator) -> None:
    given = points(rng)
    found = layers(given)
    assert found["samples"]["customdata"] == [[age] for age in given.ages.tolist()]
    pairs = zip(given.ages[given.source], given.ages[given.anchor], strict=True)
    assert found["generated"]["customdata"] == [[s, a] for s, a in pairs]
    assert "%{customdata[0]} years" in found["samples"]["hovertemplate"]
    assert "anchor of %{customdata[1]} years" in found["generated"]["hovertemplate"]


def test_what_moves_is_what_the_figure_shows(rng: np.random.Generator) -> None:
    given = points(rng, 30, 12)
    places = moving(given)
    shown = layers(given)
    assert list(places) == list(shown)
    for name, trace in shown.items():
        assert {axis: trace[axis] for axis in "xy"} == places[name]
    assert json.loads(json.dumps(places, allow_nan=False)) == places
    for name, array in (("samples", given.samples), ("generated", given.generated)):
        shown_at = np.array([places[name][axis] for axis in "xy"], np.float64)
        np.testing.assert_allclose(shown_at, array.T, atol=0.0005001)


def test_arrows_start_at_sources_and_end_at_what_was_made_of_them(
    rng: np.random.Generator,
) -> None:
    given = points(rng)
    for i, axis in enumerate("xy"):
        line = moving(given)["arrows"][axis]
        assert len(line) == 3 * 4
        assert line[0::3] == np.round(given.samples[given.source, i], 3).tolist()
        assert line[1::3] == moving(given)["generated"][axis]
        assert line[2::3] == [None] * 4  # the pen is lifted


def test_without_generated_negatives_there_are_samples_alone(rng: np.random.Generator) -> None:
    given = points(rng, generated=0)
    places = moving(given)
    assert places["arrows"] == places["generated"] == {"x": [], "y": []}
    found = layers(given)
    assert len(found["samples"]["x"]) == 9
    assert found["generated"]["x"] == found["arrows"]["x"] == []
    nothing = LabPoints(*np.zeros((2, 0, 2)), *np.zeros((3, 0), np.int64))
    assert moving(nothing)["samples"] == {"x": [], "y": []}
    assert layers(nothing)["samples"]["marker"]["color"] == []


def test_places_that_are_none_are_not_drawn(rng: np.random.Generator) -> None:
    given = points(rng, 4, 1)
    given.samples[:3] = [[np.nan, 1], [np.inf, 2], [-np.inf, -3]]
    given.samples[3] = [1e300, 0.12345]
    assert moving(given)["samples"] == {"x": [None, None, None, 1e300], "y": [1, 2, -3, 0.123]}
    assert layers(given)["samples"]["x"] == [None, None, None, 1e300]


def test_figures_leave_what_they_are_given_as_it_is(rng: np.random.Generator) -> None:
    given = points(rng)
    before = {name: array.copy() for name, array in vars(given).items()}
    assert layers(given) == layers(given)
    for name, array in before.items():
        np.testing.assert_array_equal(getattr(given, name), array)
    single = LabPoints(given.samples.astype(np.float32), *list(vars(given).values())[1:])
    assert all(type(value) is float for value in moving(single)["samples"]["x"])


@pytest.fixture(scope="module")
def labs() -> dict[str, Lab]:
    """A short training of every preset."""
    made = {}
    for name in PRESETS:
        lab = LabState.of("toy", name).changed({"batch_size": "32"}).lab(None)
        lab.replay(turn for turn in read_turns(TURNS) if turn in lab.possible)
        made[name] = lab
    return made


@pytest.mark.parametrize("name", CURVES)
def test_curves_have_names_and_wait_for_the_records_of_a_lab(name: str) -> None:
    words, series = text.CURVES[name], CURVES[name]
    for trace, one in zip(as_json(lab_curves(name, words))["data"], series, strict=True):
        assert trace["meta"] == {"series": one.key}
        assert trace["x"] == trace["y"] == []
        assert trace["name"] == words.names[one.key]
        assert trace["line"]["color"] == one.colour
        assert trace.get("yaxis", "y") == ("y2" if one.second else "y")
    assert set(words.names) == {one.key for one in series}


def test_every_record_has_a_number_for_each_curve_or_none(labs: dict[str, Lab]) -> None:
    for lab in labs.values():
        for record in lab.records:
            for series in CURVES.values():
                assert all(isinstance(record[one.key], float | None) for one in series)
    assert labs["corrected"].records[0]["generator_loss"] is None  # nobody has had a turn


def test_what_a_preset_does_not_have_is_no_curve(labs: dict[str, Lab]) -> None:
    series = [one.key for each in CURVES.values() for one in each]
    of_generator = {"generator_loss", "adv_active", "synthetic_active", "probe_copy_ratio"}
    for preset, lab in labs.items():
        silent = {key for key in series if all(record[key] is None for record in lab.records)}
        assert silent == (of_generator if preset == "no generator" else set())


def test_axes_of_the_curves_have_their_names_units_and_ranges() -> None:
    assert set(CURVES) == set(text.CURVES)
    for name in CURVES:
        layout: Any = lab_curves(name, text.CURVES[name]).layout
        assert layout.xaxis.title.text == "Turns taken"
        assert layout.yaxis.title.text == text.CURVES[name].axis
        assert layout.title.text == text.CURVES[name].title
        assert layout.yaxis.range == {"shares": (0, 1.05), "order": (-0.2, 1)}.get(name)
        second = layout.to_plotly_json().get("yaxis2", {"title": {"text": ""}})
        assert second["title"]["text"] == text.CURVES[name].second
        assert (name == "order") == ("(years)" in text.CURVES[name].second)


def test_the_generator_is_orange_and_the_metric_blue() -> None:
    colours = {one.key: one.colour for series in CURVES.values() for one in series}
    assert len(colours) == sum(map(len, CURVES.values()))
    for key in ("generator_loss", "adv_active", "synthetic_active"):
        assert colours[key] == ORANGE
    for key in ("metric_loss", "validation_order_correlation", "real_active"):
        assert colours[key] == BLUE


def test_what_is_measured_now_is_in_every_record(labs: dict[str, Lab]) -> None:
    keys = [key for key, *_ in text.DETECTORS]
    assert len(set(keys)) == len(keys)
    for lab in labs.values():
        for record in lab.records:
            assert set(keys) <= set(record)
            assert {"turn", "alarms"} <= set(record)
    assert all(labs["corrected"].records[-1][key] is not None for key in keys)
