import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from sadal_core.errors import ConfigError, DataError
from sadal_core.lab import lab as lab_module
from sadal_core.lab.faces import LabFaces, faces_of, toy
from sadal_core.lab.lab import TERMS, Lab, check_lab
from sadal_core.lab.presets import preset
from sadal_core.lab.turns import read_turns
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.observe import Probe, validate
from sadal_core.training.metric.run import MetricRun, Turn
from sadal_core.training.metric.start import start_run
from tests.planted_gallery import planted_gallery

TOY = toy()
CONFIG = preset("corrected", "toy")
PAPER = preset("paper", "toy")
MIXED = "9b1g2m1b"


def taken(turns: str, config: MetricConfig = CONFIG, faces: LabFaces = TOY) -> Lab:
    lab = Lab(faces, config)
    lab.replay(read_turns(turns))
    return lab


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_records_do_not_depend_on_the_threads_that_torch_has(threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        made = taken("10b")
        assert torch.get_num_threads() == threads, "they are given back"
    finally:
        torch.set_num_threads(before)
    assert made.records == taken("10b").records


def assert_same_weights(one: MetricRun, other: MetricRun) -> None:
    """Bit for bit, with what the optimizers remember."""
    first, second = one.weights(), other.weights()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    moments = [
        [
            value
            for o in (run.players.metric, run.players.generator)
            if o
            for s in o.state.values()
            for value in s.values()
        ]
        for run in (one, other)
    ]
    assert all(torch.equal(a, b) for a, b in zip(*moments, strict=True))


def changed(lab: Lab, turn: Turn) -> set[str]:
    """Whose weights a turn changes."""
    before = lab.run.weights()
    lab.take(turn)
    after = lab.run.weights()
    return {name.split(".")[1] for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("config", [CONFIG, PAPER])
def test_records_are_a_function_of_data_settings_and_turns(config: MetricConfig) -> None:
    one, other = taken(MIXED, config), taken(MIXED, config, toy())
    assert one.records == other.records
    assert_same_weights(one.run, other.run)
    assert taken(MIXED, replace(config, seed=2)).records[0] != one.records[0]


def test_looking_does_not_change_the_training() -> None:
    watched, unwatched = Lab(TOY, CONFIG), Lab(TOY, CONFIG)
    for turn in read_turns(MIXED):
        watched.look()
        watched.take(turn)
        unwatched.take(turn)
    assert watched.records == unwatched.records


@pytest.mark.parametrize("config", [CONFIG, PAPER])
def test_a_turn_of_the_generator_then_one_of_the_metric_are_one_turn_of_both(
    config: MetricConfig,
) -> None:
    both, single = taken("15b", config), taken("5b1g1m1g1m8b", config)
    assert both.run.step == single.run.step == 15
    assert_same_weights(both.run, single.run)
    same = {"turn"}  # the count of turns alone tells them apart
    first, last = both.records[1], taken("9b1g1m", config).records[-1]
    assert {k: v for k, v in first.items() if k not in same} == {
        k: v for k, v in last.items() if k not in same
    }


@pytest.mark.parametrize("config", [CONFIG, PAPER, preset("no generator", "toy")])
def test_nothing_of_the_metric_stage_is_made_anew(config: MetricConfig) -> None:
    lab = taken("20b", config)
    run = start_run(TOY.source(TOY.learned), config)
    terms = [run.advance() for _ in range(20)][-1]
    assert_same_weights(lab.run, run)
    record = lab.records[-1]
    for name, values in terms.by_name().items():
        if name == "synthetic" and config.generator == "none":
            assert record[name] is None, "there are none"
            continue
        assert record[name] == pytest.approx(float(values.mean()), rel=1e-6)
        assert record[f"{name}_active"] == float((values > 0).double().mean())
    report = Probe.draw(run.sampler, 150).report(lab.probe.look(run))
    assert record["probe_total_variance"] == report.total_variance
    assert record["alarms"] == [str(alarm) for alarm in report.alarms()]
    assert record["validation_mae"] == validate(run, TOY.source(TOY.held_out)).mae


def test_single_turns_are_those_of_the_metric_stage() -> None:
    lab = taken("3b2g1m")
    run = start_run(TOY.source(TOY.learned), CONFIG)
    for turn in read_turns("3b2g1m"):
        run.advance(turn)
    assert_same_weights(lab.run, run)


def test_a_lab_is_made_again_from_its_turns() -> None:
    lab = taken(MIXED)
    assert lab.state() == MIXED
    again = taken(lab.state())
    assert again.records == lab.records
    lab.replay(read_turns("3b"))
    again.replay(read_turns("3b"))
    assert_same_weights(lab.run, again.run)


def test_a_turn_of_one_player_leaves_the_other_as_it_was() -> None:
    lab = taken("3b")
    assert changed(lab, Turn.GENERATOR) == {"generator"}
    assert lab.run.step == 3  # the batch is still the next one
    assert changed(lab, Turn.METRIC) == {"head"}
    assert lab.run.step == 4
    assert changed(lab, Turn.BOTH) == {"generator", "head"}


@pytest.mark.parametrize(
    ("turns", "places"),
    [
        ("", [0]),
        ("9b", [0]),
        ("25b", [0, 10, 20]),
        ("3b1g2m", [0, 4, 5, 6]),
        ("5m16b", [0, 1, 2, 3, 4, 5, 10, 20]),
        ("9b1g10b", [0, 10, 20]),
    ],
)
def test_every_tenth_turn_and_every_single_one_is_recorded(turns: str, places: list[int]) -> None:
    records = taken(turns).records
    assert [record["turn"] for record in records] == places
    assert len({tuple(record) for record in records}) == 1  # the same columns in all
    assert json.loads(json.dumps(records, allow_nan=False)) == records


def test_terms_are_unknown_until_their_player_has_had_a_turn() -> None:
    start, after = taken("1m").records
    assert all(start[name] is None for name in TERMS)
    assert after["generator_loss"] is after["adv"] is None
    assert after["metric_loss"] > 0
    last = taken("1m1g").records[-1]
    assert last["generator_loss"] > 0
    assert last["metric_loss"] == after["metric_loss"]  # of its last turn


@pytest.mark.parametrize(
    ("config", "weights"),
    [
        (CONFIG, {"synthetic": 0.1, "real": 1.0, "positive": 0.3}),
        (PAPER, {"synthetic": 1.0, "real": 0.0, "positive": 1.0}),
        # Without generated negatives the real ones have their weight.
        (replace(PAPER, generator="none"), {"real": 1.0, "positive": 1.0}),
        (replace(PAPER, metric_epochs=5), {"real": 1.0, "positive": 1.0}),
    ],
)
def test_the_losses_are_what_is_minimised(config: MetricConfig, weights: dict[str, float]) -> None:
    record = taken("10b", config).records[-1]
    expected = sum(weight * record[name] for name, weight in weights.items())
    assert record["metric_loss"] == pytest.approx(expected, rel=1e-5)
    assert record["real"] > 0
    if record["generator_loss"] is not None:
        parts = record["hard"] + record["reg"] + record["adv"]
        assert record["generator_loss"] == pytest.approx(parts, rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "letters"),
    [
        ({}, "bgm"),
        ({"generator": "linear"}, "bgm"),
        ({"grad": "joint"}, "b"),
        ({"generator": "midpoint"}, "bm"),
        ({"generator": "none"}, "bm"),
    ],
)
def test_only_turns_that_differ_are_possible(changes: dict[str, Any], letters: str) -> None:
    lab = Lab(TOY, replace(CONFIG, **changes))
    assert lab.possible == tuple(read_turns("".join(f"1{letter}" for letter in letters)))
    for turn in set(Turn) - set(lab.possible):
        with pytest.raises(ConfigError, match=f"no turn of the {turn} alone"):
            lab.take(turn)
    lab.take(lab.possible[-1])
    assert len(lab.turns) == 1


def test_a_lab_ends_with_its_last_epoch() -> None:
    lab = Lab(TOY, replace(CONFIG, alternating_epochs=1))
    lab.replay([Turn.BOTH] * lab.run.steps_per_epoch)
    assert lab.finished
    with pytest.raises(ConfigError, match=r"All 5 turns have been taken\. Start over\."):
        lab.take(Turn.GENERATOR)


def test_a_lab_takes_no_more_turns_than_a_text_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_module, "MOST_TURNS", 4)
    lab = taken("3b1g")
    assert lab.finished
    with pytest.raises(ConfigError, match="All 4 turns"):
        lab.take()


@pytest.mark.parametrize(
    ("setting", "low", "high"), [("hidden", 1, 512), ("dim", 2, 256), ("batch_size", 8, 512)]
)
def test_what_would_take_the_machine_is_refused(setting: str, low: int, high: int) -> None:
    for allowed in (low, high):
        check_lab(replace(CONFIG, **{setting: allowed}))
    for value in {low - 1, high + 1} - {0}:  # 0 is refused by the settings themselves
        config = replace(CONFIG, **{setting: value})
        with pytest.raises(ConfigError, match=f"{setting} must be from {low} to {high}, got"):
            Lab(TOY, config)


def test_a_tuned_backbone_is_refused() -> None:
    with pytest.raises(ConfigError, match="stored features: backbone must be frozen"):
        Lab(TOY, replace(CONFIG, backbone="tuned"))


def test_what_the_metric_stage_refuses_is_refused() -> None:
    with pytest.raises(ConfigError, match="at an age gap of 69 years"):
        Lab(TOY, replace(CONFIG, tau=3.0))
    few = faces_of(planted_gallery(40))
    with pytest.raises(DataError, match=r"\d+ faces can be the anchor .* batch takes 128"):
        Lab(few, CONFIG)


def test_negatives_are_as_far_in_age_as_the_window_allows() -> None:
    gaps = {}
    for window in (5, None):
        probe = Lab(TOY, replace(CONFIG, age_window=window)).probe
        rows = probe.quadruplets
        gaps[window] = probe.ages[rows.older] - probe.ages[rows.anchor]
        assert (gaps[window] > 0).all()
    assert gaps[5].max() == 5
    assert gaps[None].max() > 40


def test_without_c_the_branches_of_q_are_joined() -> None:
    joined = CONFIG.objective.similarity.continuous_C
    assert taken("10b").records == taken("10b", replace(CONFIG, C=joined)).records
    assert taken("10b").records[-1] != taken("10b", replace(CONFIG, C=0.0)).records[-1]


def test_the_held_out_samples_are_not_learned_from() -> None:
    features = TOY.features.copy()
    features[TOY.held_out] = np.float32(0.5)
    other = replace(TOY, features=features)
    assert_same_weights(taken("10b").run, taken("10b", faces=other).run)
    assert taken("10b", faces=other).records[-1]["validation_mae"] > 10
