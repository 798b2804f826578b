from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from app import curves as module
from app import text
from app.components.words import refusal, sentences
from app.curves import Learned, QCurves, QSettings, learned, q_curves
from app.figures.similarity_curves import similarity_curves
from app.main import build_demo
from app.palette import ORANGE
from app.view import Pair
from sadal_core.errors import ConfigError
from tests.fakes import MANIFEST, services_for

CURVE = {"gaps": [0, 1, 2, 90], "mean": [0.1, None, 0.4, 3.0], "deviation": [0.1, None, 0.2, 0.1],
         "pairs": [10, 0, 30, 4]}  # fmt: skip
MEASURED = {"metric_space": {"sadal": {"gap_curve": CURVE}, "warm_start": {"gap_curve": CURVE}}}


def curves(variant: str = "slide", **changes: Any) -> QCurves:
    settings = {"L": 5.0, "eps": 1.0, "C": None, "tau": 0.17, "q_on": "margin"} | changes
    return q_curves(variant, **settings)


def test_the_curves_are_those_of_the_core() -> None:
    from sadal_core.similarity import SIMILARITIES, Similarity

    made = curves("wing_norm")
    assert set(made.q) == set(SIMILARITIES)
    for name, values in made.q.items():
        np.testing.assert_allclose(values, Similarity(name)(made.gaps))
    np.testing.assert_allclose(made.demanded, 0.17 * made.q["wing_norm"])
    assert made.at_kink == pytest.approx(1)


def test_what_cannot_be_had_without_torch_is_what_the_core_has() -> None:
    from app.tabs.similarity import _VARIANTS
    from sadal_core.losses import FARTHEST
    from sadal_core.similarity import SIMILARITIES

    assert module.FARTHEST == FARTHEST
    assert tuple(SIMILARITIES) == _VARIANTS


def test_the_view_starts_with_the_settings_of_the_model() -> None:
    config = {"variant": "slide", "L": 7.0, "C": 0.5, "tau": 0.1, "q_on": "distance", "seed": 3}
    settings = QSettings.of({"config": config})
    assert settings == QSettings("slide", 7.0, 1.0, 0.5, "distance", 0.1)
    assert QSettings.of(MANIFEST) == QSettings()
    demo = build_demo(replace(services_for([]), manifest={**MANIFEST, "config": config}))
    values = {getattr(b, "elem_id", None): getattr(b, "value", None) for b in demo.blocks.values()}
    assert (values["sadal-q-l"], values["sadal-q-c"], values["sadal-q-tau"]) == (7.0, 0.5, 0.1)
    assert values["sadal-q-joined"] is False


def test_kink_and_crossing_are_where_the_formula_has_them() -> None:
    made = curves()
    assert made.at_kink == pytest.approx(np.log(6) / 5)
    assert made.slopes == pytest.approx((1 / 30, 1 / 5), abs=1e-3)
    assert made.jump == pytest.approx(0, abs=1e-6)
    # g / L - C* = 1 with C* = 1 - ln(6) / 5
    assert made.crossing == pytest.approx(5 * (2 - np.log(6) / 5), abs=0.2)
    # r(5) / r(69) - 1 with r(g) = g - 5 + 5 ln(1 + g)
    beyond = 5 * np.log(6) / (64 + 5 * np.log(70))
    assert curves("code_literal").jump == pytest.approx(beyond - 1, abs=2e-3)
    assert made.continuous_C == pytest.approx(1 - np.log(6) / 5)


def test_a_demand_out_of_reach_is_named_at_its_first_gap() -> None:
    assert curves().infeasible_from is None
    # tau (g / 5 - .642) > 4 for tau = 1 from g = 23.3 on
    assert curves(tau=1.0).infeasible_from == 24
    # tau / Q(1) = tau 5 / ln 2 > 4 for tau = 1 at once
    assert curves(tau=1.0, q_on="distance").infeasible_from == 1


def test_an_impossible_triple_is_refused_and_the_others_are_left_out_where_they_fail() -> None:
    with pytest.raises(ConfigError, match="makes Q fall"):
        curves(C=0.9)
    assert set(curves("none", eps=0.1, L=1.0).q) == {"none", "wing_norm", "code_literal"}


def test_learned_curves_are_read_without_gaps_that_nobody_has() -> None:
    curve = learned(MEASURED, "sadal")
    assert curve is not None
    assert curve.gaps.tolist() == [0, 2]
    assert curve.overall() == pytest.approx((0.1 * 10 + 0.4 * 30) / 40)
    assert curve.scaled(2).mean.tolist() == [0.2, 0.8]
    assert learned(MANIFEST, "sadal") is None


def test_the_figure_shows_q_the_demand_and_both_metrics() -> None:
    made, curve = curves(), learned(MEASURED, "sadal")
    figure: Any = similarity_curves(made, curve, curve, demand="τ Q")
    named = {trace.name: trace for trace in figure.data}
    np.testing.assert_allclose(named["Q slide"].y, made.q["slide"])
    np.testing.assert_allclose(named["demanded, τ Q"].y, made.demanded)
    assert named["learned by SADAL"].y.tolist() == [0.1, 0.4]
    assert "before the metric stage (scaled)" in named
    assert figure.layout.yaxis.title.text == "Q"
    assert figure.layout.yaxis2.title.text == "Squared distance"
    assert figure.layout.xaxis2.title.text == "Age gap (years)"


def test_a_demand_beyond_the_sphere_is_not_drawn() -> None:
    figure: Any = similarity_curves(curves(tau=1.0), None, None, demand="τ Q")
    (demand,) = (trace for trace in figure.data if trace.name.startswith("demanded"))
    assert np.nanmax(demand.y) <= 4
    assert np.isnan(demand.y[-1])
    assert not any(trace.name.startswith("learned") for trace in figure.data)


def test_the_words_change_with_the_settings() -> None:
    said = " ".join(text.q_explained(curves(), q_on="margin"))
    assert "Q is 0.358" in said
    assert "grows with the gap" in said
    assert "not continuous" not in said
    assert "cannot be met" not in said
    said = " ".join(
        text.q_explained(curves("code_literal", tau=1.0, q_on="distance"), q_on="distance")
    )
    assert "not continuous" in said
    assert "falls as the gap grows" in said
    assert "Q is 1 at every gap" in text.q_explained(curves("none"), q_on="margin")[0]
    assert "<b>" not in sentences(["<b>", ""])
    assert refusal("No.", "<b>").count("&lt;b&gt;") == 1


def draw(*settings: Any) -> tuple[Any, str, Any, Any]:
    demo = build_demo(services_for([]))
    (drawn,) = [f.fn for f in demo.fns.values() if f.name == "draw_q" and f.fn is not None]
    return drawn(*settings)


def test_the_view_draws_and_fills_in_the_c_that_joins_the_branches() -> None:
    figure, words, offset, told = draw("slide", 10.0, 1.0, True, 0.1, "margin", 0.17, ())
    assert figure["data"][0]["name"] == "Q slide"
    assert "At the gap L" in words
    assert (offset["interactive"], offset["value"]) == (False, round(1 - np.log(11) / 10, 3))
    settings = {"variant": "slide", "L": "10.0", "eps": "1.0", "on": "margin", "tau": "0.17"}
    assert told == {"view": "q", "texts": settings | {"C": "auto"}}
    told = draw("wing_norm", 10.0, 1.0, False, 0.1, "distance", 0.17, ())[3]
    changes = {"variant": "wing_norm", "on": "distance", "C": "0.1"}
    assert told == {"view": "q", "texts": settings | changes}


def test_a_bad_triple_is_explained_and_the_figure_stays() -> None:
    figure, words, offset, told = draw("slide", 5.0, 1.0, False, 0.9, "margin", 0.17, ())
    assert figure == told == gr.skip()  # nor does the link follow
    assert text.Q_REFUSED in words
    assert "take C of at most 0.641" in words
    assert offset["interactive"] is True


def test_learned_compares_shapes_and_not_scales() -> None:
    one = Learned(np.array([1, 2]), np.array([1.0, 3.0]), np.zeros(2), np.array([3, 1]))
    two = one.scaled(7)
    np.testing.assert_allclose(two.scaled(one.overall() / two.overall()).mean, one.mean)


def test_pairs_that_are_chosen_on_the_map_are_marked_where_they_are() -> None:
    pairs = (Pair("real", 5, 0.8), Pair("generated", 5, 0.3), Pair("real", 40, 2.5))
    figure, *_ = draw("slide", 5.0, 1.0, True, 0.1, "margin", 0.17, pairs)
    marked = {trace["name"]: trace for trace in figure["data"] if trace.get("mode") == "markers"}
    assert list(marked) == [
        "real negative chosen on the map",
        "generated negative chosen on the map",
    ]
    real, generated = marked.values()
    assert (real["x"], real["y"]) == ([5, 40], [0.8, 2.5])
    assert (generated["x"], generated["y"]) == ([5], [0.3])
    assert generated["marker"]["color"] == ORANGE
    assert {real["yaxis"], generated["yaxis"]} == {"y2"}
