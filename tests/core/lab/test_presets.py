"""Every preset does what its name says, on the faces of the bundled gallery and on the toy."""

import functools
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import Any

import pytest

from sadal_core.collapse import Alarm
from sadal_core.errors import ConfigError
from sadal_core.gallery.stored import Gallery
from sadal_core.lab.faces import LAB_DATA
from sadal_core.lab.lab import Lab
from sadal_core.lab.presets import PRESETS, preset
from sadal_core.objective import WEIGHTS
from sadal_core.training.metric.config import MetricConfig, Phase
from sadal_core.training.metric.run import Turn

Taken = Callable[[str, str], Lab]
OF_THE_GENERATOR = ("copy_ratio", "midpoint_residual", "adversary_active", "metric_active")
# Turns after which each shows its point, as few as will do.
ENOUGH = {
    "faces": {"corrected": 60, "paper": 50, "printed": 50, "collapse": 100},
    "toy": {"corrected": 100, "paper": 50, "printed": 50, "no generator": 50, "collapse": 120},
}
on_both = pytest.mark.parametrize("data", LAB_DATA)


@pytest.fixture(scope="module")
def taken(gallery: Gallery) -> Taken:
    """The lab of a preset after its turns, each trained once."""
    faces = {name: make(gallery) for name, make in LAB_DATA.items()}

    @functools.cache
    def train(name: str, data: str) -> Lab:
        lab = Lab(faces[data], preset(name, data))
        lab.replay([Turn.BOTH] * ENOUGH[data].get(name, 30))
        return lab

    return train


def gain(lab: Lab, figure: str) -> float:
    return lab.records[-1][figure] - lab.records[0][figure]


@on_both
def test_corrected_learns_the_order_of_ages(data: str, taken: Taken) -> None:
    lab = taken("corrected", data)
    assert gain(lab, "validation_order_correlation") > 0.1
    assert gain(lab, "validation_order_violations") < -0.08
    last = lab.records[-1]
    assert last["validation_order_correlation"] > 0.85
    assert last["probe_total_variance"] > 0.4
    assert str(Alarm.NO_ORDER) not in last["alarms"]


def test_the_printed_objective_orders_ages_worse_than_the_corrected_one(taken: Taken) -> None:
    for data in LAB_DATA:
        reached = [
            taken(name, data).records[-1]["validation_order_correlation"]
            for name in ("corrected", "paper", "printed")
        ]
        assert reached[0] > max(reached[1:]) + 0.03


@on_both
def test_the_printed_adversary_never_acts(data: str, taken: Taken) -> None:
    for record in taken("printed", data).records:
        assert record["probe_adversary_active"] == 0
        assert record["adv_active"] in (0, None)
        assert str(Alarm.INERT_ADVERSARY) in record["alarms"]


def test_the_adversary_of_the_released_code_acts_on_faces(taken: Taken) -> None:
    paper, printed = (taken(name, "faces").records for name in ("paper", "printed"))
    assert all(record["probe_adversary_active"] > 0.3 for record in paper)
    assert all(str(Alarm.INERT_ADVERSARY) not in record["alarms"] for record in paper)
    assert paper[0]["validation_mae"] == printed[0]["validation_mae"]  # they start as one
    more = {
        "validation_order_correlation": 0.02, "probe_total_variance": 0.1, "probe_copy_ratio": 0.1,
    }  # fmt: skip
    for figure, least in more.items():
        assert paper[-1][figure] > printed[-1][figure] + least, figure


@on_both
def test_without_a_generator_its_figures_are_unknown(data: str, taken: Taken) -> None:
    lab = taken("no generator", data)
    for record in lab.records:
        assert all(record[f"probe_{name}"] is None for name in OF_THE_GENERATOR)
        assert record["generator_loss"] is record["hard"] is None
        assert record["alarms"] == []
    assert gain(lab, "validation_order_correlation") > 0.1


@on_both
def test_the_midpoint_stays_halfway(data: str, taken: Taken) -> None:
    for record in taken("midpoint", data).records:
        assert record["probe_copy_ratio"] == pytest.approx(0.5, abs=1e-5)
        assert record["probe_midpoint_residual"] == pytest.approx(0, abs=1e-5)
        assert str(Alarm.MIDPOINT) in record["alarms"]


@on_both
def test_collapse_ends_at_a_point(data: str, taken: Taken) -> None:
    first, *_, last = taken("collapse", data).records
    assert first["probe_total_variance"] > 0.1
    assert str(Alarm.EMBEDDING_POINT) not in first["alarms"]
    assert 0 < last["probe_total_variance"] < 1e-3
    assert str(Alarm.EMBEDDING_POINT) in last["alarms"]
    assert last["probe_metric_active"] == 1


@on_both
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_can_be_watched_from_the_first_turn_on(name: str, data: str, taken: Taken) -> None:
    lab = taken(name, data)
    assert lab.config.phase(0) is Phase.ALTERNATING
    assert not lab.finished
    assert len(lab.records) == len(lab.turns) // 10 + 1
    assert (lab.look().embeddings.shape[1] == 2) == (data == "toy")


def test_corrected_has_the_objective_of_the_bundled_model(gallery: Gallery) -> None:
    own, bundled = asdict(preset("corrected", "faces")), gallery.about["config"]
    names = {f.name for f in fields(MetricConfig)} & (
        {"variant", "L", "eps", "C", "tau", "q_on", "adv", "alpha", "age_window", *WEIGHTS}
        | {"hinge_power", "pos_power", "generator", "grad", "dim"}
    )
    assert {n: own[n] for n in names} == {n: bundled[n] for n in names}


def test_only_the_adversary_tells_paper_from_printed() -> None:
    for data in LAB_DATA:
        paper, printed = preset("paper", data), preset("printed", data)
        assert replace(paper, adv="printed") == printed
        assert (paper.q_on, paper.real, paper.synthetic) == ("distance", 0, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("best", "toy"), "Unknown preset 'best'. Known: corrected, paper"),
     (("paper", "cats"), "Unknown data 'cats'. Known: faces, toy")],
)  # fmt: skip
def test_an_unknown_name_is_refused(arguments: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        preset(*arguments)
