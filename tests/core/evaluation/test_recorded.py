import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import robustness
from benchmarks.recorded import data_parser, recorded
from benchmarks.robustness import MainFace, named_models, whites
from sadal_core.errors import ConfigError, DataError
from sadal_core.manifest import BUNDLED_MODEL

Run = Callable[..., int]


def lines(record: dict[str, Any]) -> Iterator[str]:
    yield f"{record['faces']} faces"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The end of a benchmark whose measuring is given, with its record in `record.json`."""

    def run(measure: Callable[..., dict[str, Any]], out: str = "record.json") -> int:
        given = ["benchmark", "--data", "faces.zip", "--out", str(tmp_path / out)]
        monkeypatch.setattr(sys, "argv", given)
        return recorded(data_parser("About it."), measure, lines)

    return run


def test_a_record_is_written_and_told(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(lambda options: {"faces": 3, "of": [str(path) for path in options.data]}) == 0
    assert json.loads((tmp_path / "record.json").read_text()) == {"faces": 3, "of": ["faces.zip"]}
    assert capsys.readouterr().out == "3 faces\n"


def test_a_refusal_is_one_sentence_and_leaves_the_record_that_was_there(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(options: object) -> dict[str, Any]:
        raise DataError("There are no faces.")

    (tmp_path / "record.json").write_text("before")
    assert run(refused) == 2
    assert capsys.readouterr() == ("", "There are no faces.\n")
    assert (tmp_path / "record.json").read_text() == "before"


def test_a_record_that_cannot_be_written_is_refused_before_anything_is_measured(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def measured(options: object) -> dict[str, Any]:
        raise AssertionError("measured for nothing")

    (tmp_path / "file").write_text("")
    assert run(measured, "file/record.json") == 2
    said = capsys.readouterr().err
    assert str(tmp_path / "file") in said
    assert said.count("\n") == 1


def test_models_are_compared_by_the_names_given_to_them() -> None:
    assert named_models([]) == {"bundled": BUNDLED_MODEL}
    assert named_models(["new=a/b", "old=c=d"]) == {"new": Path("a/b"), "old": Path("c=d")}


@pytest.mark.parametrize("given", [["new"], ["=a"], ["new="], ["new=a", "new=b"]])
def test_a_model_without_a_name_of_its_own_is_refused(given: list[str]) -> None:
    with pytest.raises(ConfigError, match="NAME=DIR"):
        named_models(given)


def test_a_level_is_for_a_model_of_the_comparison() -> None:
    assert whites([], {"new"}) == {}
    assert whites(["new=0", "old=160"], {"new", "old"}) == {"new": 0.0, "old": 160.0}


@pytest.mark.parametrize("given", ["new", "new=", "=3", "old=3", "new=dark", "new=-1", "new=256"])
def test_a_level_for_nobody_or_of_no_grey_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match="NAME=LEVEL"):
        whites([given], {"new"})
    with pytest.raises(ConfigError, match="NAME=LEVEL"):
        whites(["new=0", "new=1"], {"new"})


def test_a_control_of_nobody_is_refused_before_faces_are_looked_for() -> None:
    options = Namespace(data=[Path("faces.zip")], model=[], white=[], control=["nobody"])
    with pytest.raises(ConfigError, match="--control takes the name of a model, got 'nobody'"):
        robustness.measure(options)


def test_several_models_share_one_search_of_a_picture(
    astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    class Search:
        def __call__(self, picture: np.ndarray) -> tuple[()]:
            seen.append(picture)
            return ()

    monkeypatch.setattr(robustness, "MediaPipeFaces", Search)
    main = MainFace()
    assert [main(astronaut), main(astronaut), main(astronaut.copy())] == [()] * 3
    assert len(seen) == 2
