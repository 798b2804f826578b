import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.figures.tradeoff import tradeoff
from app.palette import BLUE, GREY
from app.tabs.results.answers import tradeoff_of
from app.tried import Tried, load_tried


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two runs of timed architectures, and one of an architecture that was not timed."""
    times = [{"backbone": "small", "onnx_ms": 6.5}, {"backbone": "large", "onnx_ms": 18.0}]
    times_path = tmp_path / "benchmark-backbones.json"
    times_path.write_text(json.dumps({"architectures": times, "command": "python benchmarks/b.py"}))
    for run, backbone, mae in (("a", "small", 4.5), ("b", "large", 4.6), ("c", "other", 4.0)):
        path = tmp_path / "experiments" / run / "manifest.json"
        path.parent.mkdir(parents=True)
        metrics = {"mae": mae, "interval": [mae - 0.2, mae + 0.1], "n": 9}
        about = {"command": f"train {run}", "revision": "1", "backbone": backbone}
        path.write_text(json.dumps({**about, "metrics": metrics, "more": 1}))
    return tmp_path


def test_runs_meet_the_time_of_their_architecture(folder: Path) -> None:
    tried, notes = load_tried(folder)
    assert notes == ()
    assert [(one.name, one.milliseconds) for one in tried] == [("a", 6.5), ("b", 18.0)]
    assert tried[0] == Tried("a", "small", 4.5, (4.3, 4.6), 6.5)


@pytest.mark.parametrize("damage", ["{", '{"backbone": "small"}', "[]"])
def test_a_damaged_run_is_left_out_with_a_sentence(folder: Path, damage: str) -> None:
    (folder / "experiments" / "a" / "manifest.json").write_text(damage)
    tried, notes = load_tried(folder)
    assert [one.name for one in tried] == ["b"]
    assert len(notes) == 1
    assert notes[0].startswith("a: manifest.json is damaged")


def test_without_times_nothing_is_drawn(folder: Path) -> None:
    times = folder / "benchmark-backbones.json"
    times.write_text('{"architectures": 1, "command": "python benchmarks/b.py"}')
    tried, notes = load_tried(folder)
    assert tried == ()
    assert "python benchmarks/b.py" in notes[0]
    times.unlink()
    assert load_tried(folder) == ((), ())


def test_the_bundled_run_is_the_one_that_the_age_stage_of_the_model_was(folder: Path) -> None:
    def bundled(**stage: str) -> list[str]:
        return [one.name for one in load_tried(folder, {"age_stage": stage})[0] if one.bundled]

    assert bundled(command="train b", revision="1") == ["b"]
    assert bundled(command="train b", revision="2") == []
    assert bundled() == []


def test_the_figure_has_its_units_and_the_bundled_model_in_blue() -> None:
    errors = [(4.5, 4.3, 4.6), (4.4, 4.3, 4.6), (4.6, 4.4, 4.7)]
    made: Any = tradeoff(["a", "x", "b"], [6.5, 6.5, 18], errors, named={"a", "b"}, bundled={"a"})
    small, dots = made.data
    np.testing.assert_allclose(dots.x, [6.5, 18])
    np.testing.assert_allclose(dots.y, [4.5, 4.6])
    np.testing.assert_allclose(dots.error_y.array, [0.1, 0.1])
    np.testing.assert_allclose(dots.error_y.arrayminus, [0.2, 0.2])
    assert list(dots.text) == ["a", "b"]
    assert list(small.text) == ["x"]
    assert "text" not in small.mode
    assert made.layout.xaxis.title.text.endswith("(ms)")
    assert made.layout.yaxis.title.text.endswith("(years)")
    assert dots.marker.color == (BLUE, GREY)


def test_of_an_architecture_the_bundled_run_is_named_or_else_the_best() -> None:
    rows = [("a", "s", 4.6, 6.0), ("b", "s", 4.5, 6.0), ("c", "l", 4.7, 9.0), ("d", "l", 4.4, 9.0)]
    tried = [Tried(name, kind, mae, (mae, mae), time) for name, kind, mae, time in rows]

    def named(tried: list[Tried]) -> tuple[list[str], list[str]]:
        small, strong = tradeoff_of(tried)["data"]
        assert {*small["text"], *strong["text"]} == {"a", "b", "c", "d"}
        return strong["text"], strong["marker"]["color"]

    assert named(tried) == (["b", "d"], [GREY, GREY])
    assert named([replace(tried[0], bundled=True), *tried[1:]]) == (["a", "d"], [BLUE, GREY])


def test_a_page_with_nothing_tried_has_an_empty_figure() -> None:
    made: Any = tradeoff([], [], [], named=())
    assert [len(dots.x) for dots in made.data] == [0, 0]
