import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from app import lab_text as text
from app.tabs.train.answers import command
from app.tabs.train.controls import SPECS, as_texts
from sadal_core.cli import main
from sadal_core.errors import ConfigError
from sadal_core.lab.faces import LAB_DATA
from sadal_core.lab.presets import PRESETS
from sadal_core.lab.state import LAB_SETTINGS, LabState
from sadal_core.settings import overridden
from sadal_core.training.metric.config import MetricConfig
from tests.fakes import services_for
from tests.page import Page, page_of
from tests.planted_gallery import stored_gallery

CONTROLS = {name for group in SPECS.values() for name in group}


@pytest.fixture(scope="module")
def parts() -> dict[str, Any]:
    """The controls of a page, by the names of their settings."""
    page = Page(services_for([]))
    return {name: page.parts[f"sadal-lab-{name}"] for name in (*CONTROLS, "seed")}


def test_every_preset_and_all_data_have_their_words() -> None:
    assert set(text.PRESET_NAMES) == set(text.WATCH) == set(PRESETS)
    for sentences in text.WATCH.values():
        assert len(sentences) == len(set(sentences)) == 2
        assert all(sentence.endswith(".") for sentence in sentences)
    assert len(set(text.PRESET_NAMES.values())) == len(PRESETS)
    for by_data in (text.DATA_NAMES, text.DATA_HINTS, text.FEATURES_AXES, text.METRIC_AXES):
        assert set(by_data) == set(LAB_DATA)


def test_every_setting_has_a_control_with_a_label(parts: dict[str, Any]) -> None:
    assert set(LAB_SETTINGS) - {"seed"} == CONTROLS == set(text.LABELS)
    assert sum(len(group) for group in SPECS.values()) == len(CONTROLS)
    assert set(SPECS) == set(text.GROUPS)
    for name in CONTROLS:
        assert parts[name].label == text.LABELS[name]
    assert len(set(text.LABELS.values())) == len(CONTROLS)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("data", LAB_DATA)
def test_controls_that_are_set_from_a_preset_say_the_preset(
    parts: dict[str, Any], data: str, preset: str
) -> None:
    config = LabState.of(data, preset).config
    held = {
        name: part.preprocess(part.postprocess(getattr(config, name)))
        for name, part in parts.items()
    }
    for other in PRESETS:  # whatever they are told apart from
        state = LabState.of(data, other).changed(as_texts(held))
        assert state.config == config


@pytest.mark.parametrize("name", sorted(CONTROLS))
def test_what_a_control_offers_makes_sense(parts: dict[str, Any], name: str) -> None:
    part = parts[name]
    offered = [value for _, value in getattr(part, "choices", [])]
    if isinstance(part, gr.Slider):
        offered = [part.minimum, part.maximum, float(part.maximum)]
    config = LabState.of("toy").config
    for value in offered or [getattr(config, name)]:
        started = replace(config, L=9.0, generator_epochs=0)  # at which every ε is allowed
        changed = overridden(started, [f"{n}={t}" for n, t in as_texts({name: value}).items()])
        assert getattr(changed, name) == value
        assert part.preprocess(value) == value


def test_an_empty_control_is_none_and_whole_numbers_have_no_point() -> None:
    values = {"C": None, "age_window": "", "L": 5.0, "tau": 0.17, "dim": 3, "seed": 10**20,
              "alpha": -0.0, "real": 1e30, "hard": float("nan"), "generator": "mlp"}  # fmt: skip
    assert as_texts(values) == {
        "C": "none", "age_window": "none", "L": "5", "tau": "0.17", "dim": "3",
        "seed": "1" + "0" * 20, "alpha": "0", "real": "1e+30", "hard": "nan", "generator": "mlp",
    }  # fmt: skip
    with pytest.raises(ConfigError, match="L takes a float"):
        LabState.of("toy").changed(as_texts({"L": None}))


ODD: dict[str, Any] = {
    "C": 0.6, "age_window": 7, "q_on": "distance", "tau": 0.05, "learning_rate": 3e-05, "seed": 42,
    "adv": "daml", "alpha": 0.25, "batch_size": 32, "grad": "joint",
}  # fmt: skip


@pytest.mark.parametrize("changes", [{}, ODD])
@pytest.mark.parametrize("preset", PRESETS)
def test_the_command_gives_the_same_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], preset: str, changes: dict[str, Any]
) -> None:
    config = replace(LabState.of("toy", preset).config, **changes)
    state = LabState("toy", preset, config, "1b1m" if changes.get("grad") != "joint" else "1b")
    for told in (state, replace(state, turns="")):
        out = tmp_path / (told.turns or "start")
        python, dash, package, *arguments = shlex.split(text.command(told.texts()))
        assert (python, dash, package) == ("python", "-m", "sadal_core")
        assert main([*arguments, "--out", str(out)]) == 0, capsys.readouterr().err
        stored = json.loads((out / "lab.json").read_text())
        turns = {"turns": told.turns or "0b"}
        assert stored["state"] == told.texts() | turns
        assert MetricConfig(**stored["config"]) == config


def test_the_command_on_the_page_leaves_the_turns_to_the_browser() -> None:
    state = LabState.of("toy", "no generator", "12b").changed({"seed": "5", "C": "0.5"})
    html = command(replace(state, turns="12b"))
    shown = html.partition('<pre class="sadal-command"')[2].partition(">")[2].removesuffix("</pre>")
    assert shown == (
        "python -m sadal_core lab --data toy --preset &quot;no generator&quot; "
        "--turns {turns} --set C=0.5 seed=5"
    )


def test_faces_are_offered_where_there_are_some(tmp_path: Path) -> None:
    data = Page(services_for([])).parts["sadal-lab-data"]
    assert (data.value, [name for _, name in data.choices]) == ("toy", ["toy"])
    data = page_of(stored_gallery(tmp_path / "gallery")).parts["sadal-lab-data"]
    assert (data.value, [name for _, name in data.choices]) == ("faces", ["faces", "toy"])
