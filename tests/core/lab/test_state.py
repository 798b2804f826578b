from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from sadal_core.errors import ConfigError, DataError, LabError
from sadal_core.gallery.stored import Gallery
from sadal_core.generator import GENERATORS
from sadal_core.lab.faces import LAB_DATA
from sadal_core.lab.lab import check_lab
from sadal_core.lab.presets import PRESETS, preset
from sadal_core.lab.state import LAB_SETTINGS, LabState, read_state
from sadal_core.lab.turns import write_turns
from sadal_core.losses import ADVERSARIES
from sadal_core.objective import WEIGHTS
from sadal_core.similarity import SIMILARITIES
from sadal_core.training.metric.run import Turn
from tests.planted_gallery import planted_gallery

START = LabState.of()
values: dict[str, st.SearchStrategy[Any]] = {
    "variant": st.sampled_from(sorted(SIMILARITIES)),
    "L": st.floats(1, 60), "eps": st.floats(0.1, 10), "C": st.none() | st.floats(-5, 0.5),
    "tau": st.floats(1e-9, 10), "q_on": st.sampled_from(["distance", "margin"]),
    "adv": st.sampled_from(sorted(ADVERSARIES)), "alpha": st.floats(-10, 10),
    "hinge_power": st.sampled_from([1, 2]), "pos_power": st.sampled_from([1, 2]),
    **dict.fromkeys(WEIGHTS, st.floats(0, 1e6)),
    "metric_epochs": st.integers(0, 99), "generator_epochs": st.integers(0, 99),
    "alternating_epochs": st.integers(0, 99),
    "generator": st.sampled_from(["none", *GENERATORS]),
    "hidden": st.integers(1, 512), "dim": st.integers(2, 256),
    "age_window": st.none() | st.integers(1, 200),
    "grad": st.sampled_from(["separate", "joint"]), "batch_size": st.integers(8, 512),
    "learning_rate": st.floats(1e-8, 10), "generator_rate": st.floats(1e-8, 10),
    "weight_decay": st.floats(0, 10), "seed": st.integers(0, 2**31),
}  # fmt: skip
several = st.fixed_dictionaries({}, optional=values)
turns = st.lists(st.sampled_from(list(Turn)), max_size=30)


def test_every_setting_of_a_lab_is_drawn() -> None:
    assert values.keys() == set(LAB_SETTINGS)


@given(st.sampled_from(list(LAB_DATA)), st.sampled_from(list(PRESETS)), several, turns)
def test_what_a_state_says_is_read_as_that_state(
    data: str, name: str, changes: dict[str, Any], turns: list[Turn]
) -> None:
    try:
        config = replace(preset(name, data), **changes)
    except ConfigError:  # they do not go together
        reject()
    state = LabState(data, name, config, write_turns(turns))
    assert read_state(state.texts()) == (state, [])
    backwards = dict(reversed(state.texts().items()))
    assert read_state(backwards) == (state, [])


def test_a_state_says_no_more_than_what_tells_it_from_its_preset() -> None:
    assert LabState.of("toy", "paper").texts() == {"data": "toy", "preset": "paper"}
    changed = replace(preset("paper", "toy"), tau=0.25, age_window=None, L=7.0)
    expected = {"data": "toy", "preset": "paper", "L": "7.0", "tau": "0.25", "age_window": "none"}
    said = LabState("toy", "paper", changed, "3b").texts()
    assert said == {**expected, "turns": "3b"}
    assert LabState("toy", "corrected", changed).texts()["q_on"] == "distance"


def test_nothing_said_is_where_a_lab_starts() -> None:
    assert read_state({}) == (START, [])
    assert (START.data, START.preset, START.turns) == ("faces", "corrected", "")
    assert START.config == preset("corrected", "faces")


def test_a_link_may_say_part_of_it() -> None:
    state, notes = read_state({"preset": "paper", "seed": "7"})
    assert notes == []
    assert state == LabState("faces", "paper", replace(preset("paper", "faces"), seed=7))


@pytest.mark.parametrize(("text", "expected"), [("none", None), ("None", None), ("3", 3)])
def test_none_is_no_limit(text: str, expected: int | None) -> None:
    state, notes = read_state({"preset": "paper", "age_window": text, "C": "none"})
    assert notes == []
    assert (state.config.age_window, state.config.C) == (expected, None)


def test_settings_that_make_sense_only_together_are_taken_together() -> None:
    """Whatever their order, and although neither makes sense alone."""
    start = {"preset": "no generator"}
    together = {"generator_epochs": "2", "generator": "mlp"}
    state, notes = read_state(start | together)
    assert notes == []
    assert (state.config.generator_epochs, state.config.generator) == (2, "mlp")
    _, notes = read_state(start | {"generator_epochs": "2"})
    assert len(notes) == 1


ABSURD = [
    ("data", "cats", "Unknown data 'cats'. Known: faces, toy."),
    ("preset", "", "Unknown preset ''. Known: corrected"),
    ("turns", "many", "as in 120b3g; got 'many'"),
    ("turns", "9999b", "at most 5000 turns"),
    ("tau", "nan", "tau"),
    ("tau", "-1", "tau"),
    ("tau", "", "tau takes a float, got ''"),
    ("L", "inf", "L must be a gap of at least 1 year"),
    ("C", "1e300", "C = 1e+300"),
    ("C", "a lot", "C takes a float, got 'a lot'"),
    ("alpha", "nan", "alpha must be a finite"),
    ("seed", "-1", "seed must be from 0"),
    ("seed", "1.5", "seed takes a int"),
    ("seed", "9" * 5000, "seed takes a int"),
    ("dim", "1", "dim must be from 2 to 256, got 1"),
    ("hidden", "513", "hidden must be from 1 to 512, got 513"),
    ("batch_size", "1000000", "batch_size must be from 8 to 512"),
    ("learning_rate", "nan", "learning_rate must be from"),
    ("learning_rate", "1e999", "learning_rate must be from"),
    ("real", "-0.1", "real must be from 0"),
    ("age_window", "0", "age_window must be at least 1 year or none"),
    ("generator", "None", "Unknown generator 'None'"),
    ("hinge_power", "3", "Unknown hinge_power 3"),
    ("backbone", "tuned", "a lab has no such setting"),
    ("patience", "3", "a lab has no such setting"),
    ("colour", "red", "a lab has no such setting"),
]


@pytest.mark.parametrize(("name", "text", "words"), ABSURD)
def test_what_makes_no_sense_falls_back_and_is_told_once(name: str, text: str, words: str) -> None:
    state, (note,) = read_state({name: text, "positive": "0.5"})
    assert state == replace(START, config=replace(START.config, positive=0.5))
    assert note.startswith(name)
    assert words in note
    assert "was left out: " in note
    assert len(note) <= 400


def test_each_thing_that_makes_no_sense_has_its_note() -> None:
    wrong = {name: text for name, text, _ in ABSURD}
    state, notes = read_state(wrong | {"tau": "0.2"})
    assert state == replace(START, config=replace(START.config, tau=0.2))
    assert len(notes) == len(wrong) - 1


anything = st.text(max_size=50) | st.sampled_from(
    ["none", "nan", "inf", "-inf", "-1", "0", "1", "2", "1e999", "1e-999", "9" * 30, "1_0", "0x1"]
)
names = st.sampled_from([*LAB_SETTINGS, "data", "preset", "turns"]) | st.text(max_size=20)


@given(st.dictionaries(names, anything, max_size=8))
def test_no_text_is_a_crash(texts: dict[str, str]) -> None:
    state, notes = read_state(texts)
    check_lab(state.config)
    assert len(notes) <= len(texts)
    assert all("was left out: " in note and len(note.splitlines()) == 1 for note in notes)
    assert read_state(state.texts()) == (state, [])


@settings(max_examples=20)
@given(st.text(min_size=1, max_size=30))
def test_a_note_stays_short(text: str) -> None:
    text = f"no {text}" * 500
    for name in ("data", "preset", "turns", "adv", "tau", "seed", "C", text):
        state, (note,) = read_state({name: text})
        assert state == START
        assert len(note) <= 400


def test_a_state_is_changed_at_its_start() -> None:
    state = LabState.of("toy", "paper", "5b")
    changed = state.changed({"tau": "0.3", "age_window": "none"})
    assert (changed.turns, changed.preset) == ("", "paper")
    assert changed.config == replace(state.config, tau=0.3, age_window=None)
    for texts, words in (({"tua": "1"}, "Unknown setting 'tua'"), ({"dim": "1"}, "dim must be")):
        with pytest.raises(ConfigError, match=words):
            state.changed(texts)


def test_the_lab_of_a_state_has_taken_its_turns() -> None:
    lab = LabState.of("toy", "midpoint", "2b1m").lab(None)
    assert lab.state() == "2b1m"
    assert lab.faces.name == "toy"
    assert lab.config == preset("midpoint", "toy")


def test_a_state_that_cannot_be_taken_is_refused(gallery: Gallery) -> None:
    with pytest.raises(ConfigError, match="no gallery to take faces from"):
        START.lab(None)
    with pytest.raises(DataError, match="a batch takes 128"):
        START.lab(planted_gallery())
    with pytest.raises(ConfigError, match="no turn of the generator alone"):
        LabState.of("toy", "no generator", "1b1g").lab(None)
    leaping = LabState.of("toy").changed({"generator_rate": "10", "hard": "1e6"})
    with pytest.raises(LabError, match="diverged at turn 1"):
        replace(leaping, turns="3b").lab(None)
    with pytest.raises(ConfigError, match="at an age gap of"):
        START.changed({"tau": "3"}).lab(gallery)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cats",), "Unknown data"),
        (("toy", "best"), "Unknown preset"),
        (("toy", "paper", "many"), "as in 120b3g"),
    ],
)
def test_an_unknown_start_is_refused(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        LabState.of(*arguments)
