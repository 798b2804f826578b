"""A training in the lab by the command alone: the same numbers as `Lab`, in two files."""

import ast
import json
import shlex
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sadal_core.cli import main
from sadal_core.lab.faces import faces_of
from sadal_core.lab.lab import Lab
from sadal_core.lab.presets import preset
from sadal_core.lab.state import LabState, read_state
from sadal_core.lab.turns import read_turns
from tests.planted_gallery import stored_gallery

Error = Callable[[], str]
TOY = ["lab", "--data", "toy", "--turns", "11b2g1m"]
SMALL = {"batch_size": 16, "hidden": 8, "dim": 4}


@pytest.fixture
def error(capsys: pytest.CaptureFixture[str]) -> Error:
    """The one sentence that a command ended with."""

    def read() -> str:
        said = [t for t in capsys.readouterr().err.splitlines() if t.startswith("python -m")]
        assert len(said) == 1
        assert len(said[0]) < 500
        return said[0]

    capsys.readouterr()
    return read


def read_records(folder: Path) -> list[dict[str, Any]]:
    """The lines of records.csv with the types that they had."""
    table = pd.read_csv(
        folder / "records.csv",
        float_precision="round_trip",
        converters={"alarms": ast.literal_eval},
    )
    rows = table.astype(object).where(table.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]


def about(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "lab.json").read_text())


def test_the_records_are_those_of_the_lab(tmp_path: Path) -> None:
    assert main([*TOY, "--preset", "paper", "--out", str(tmp_path)]) == 0
    lab = LabState.of("toy", "paper", "11b2g1m").lab(None)
    assert read_records(tmp_path) == lab.records
    assert [record["turn"] for record in lab.records] == [0, 10, 12, 13, 14]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lab.json", "records.csv"]


def test_what_is_unknown_is_an_empty_cell(tmp_path: Path) -> None:
    command = [*TOY[:-1], "10b", "--preset", "no generator", "--out", str(tmp_path)]
    assert main(command) == 0
    assert read_records(tmp_path) == LabState.of("toy", "no generator", "10b").lab(None).records
    assert "nan" not in (tmp_path / "records.csv").read_text().lower()


def test_faces_of_another_gallery_are_learned_from(tmp_path: Path) -> None:
    gallery = stored_gallery(tmp_path / "gallery", 200)
    settings = [f"{name}={value}" for name, value in SMALL.items()]
    command = ["lab", "--gallery", str(tmp_path / "gallery"), "--turns", "10b", "--set", *settings]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    lab = Lab(faces_of(gallery), replace(preset("corrected", "faces"), **SMALL))
    lab.replay(read_turns("10b"))
    assert read_records(tmp_path / "out") == lab.records


def test_a_link_gives_the_numbers_of_the_options(tmp_path: Path) -> None:
    one, other = tmp_path / "options", tmp_path / "link"
    changed = ["tau=0.3", "age_window=none", "seed=4"]
    assert main([*TOY, "--preset", "paper", "--out", str(one), "--set", *changed]) == 0
    link = (
        "https://page.example/?view=train&data=toy&preset=paper&turns=11b2g1m&tau=0.3"
        "&age_window=none&seed=4&lock=tau,data&hide=all&lesson=failing&step=2"
    )
    assert main(["lab", "--link", link, "--out", str(other)]) == 0
    for name in ("records.csv", "lab.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_a_link_to_the_start_takes_no_turns(tmp_path: Path) -> None:
    link = "?view=train&data=toy&preset=no+generator"
    assert main(["lab", "--link", link, "--out", str(tmp_path)]) == 0
    assert read_records(tmp_path) == LabState.of("toy", "no generator").lab(None).records


def test_what_was_done_is_written_and_can_be_done_again(tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    link = "?view=train&data=toy&preset=no+generator&turns=2m&L=6&C=none&generator=mlp"
    assert main(["lab", "--link", link, "--out", str(first)]) == 0
    said = about(first)
    assert "/" not in said["command"]
    command = shlex.split(said["command"])
    assert command[:4] == ["python", "-m", "sadal_core", "lab"]
    assert main([*command[3:], "--out", str(again)]) == 0
    assert read_records(again) == read_records(first)
    assert about(again) == said
    state, notes = read_state(said["state"])
    assert notes == []
    assert json.loads(json.dumps(asdict(state.config))) == said["config"]
    assert (state.config.generator, state.config.L, state.turns) == ("mlp", 6, "2m")
    assert {"revision", "versions"} <= said.keys()


def test_the_command_of_a_training_without_turns_can_be_given(tmp_path: Path) -> None:
    assert main(["lab", "--data", "toy", "--turns", "", "--out", str(tmp_path)]) == 0
    assert main(shlex.split(about(tmp_path)["command"])[3:]) == 0
    assert len(read_records(tmp_path)) == 1


def test_the_first_and_the_last_line_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "--data", "toy", "--preset", "midpoint", "--turns", "20b"]) == 0
    first, last, alarm = capsys.readouterr().out.splitlines()[:3]
    records = LabState.of("toy", "midpoint", "20b").lab(None).records
    for line, record in ((first, records[0]), (last, records[-1])):
        assert line == (
            f"turn {record['turn']:5d}  MAE {record['validation_mae']:.4f}  "
            f"Spearman {record['validation_order_correlation']:.4f}  "
            f"variance {record['probe_total_variance']:.4f}"
        )
    assert alarm in records[-1]["alarms"]


def test_a_figure_without_a_value_is_printed_as_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Weights so large that all embeddings lie at one point, where nothing has an order."""
    absurd = ["learning_rate=10", "weight_decay=10"]
    assert main(["lab", "--data", "toy", "--turns", "19m", "--set", *absurd]) == 0
    assert "Spearman unknown  variance 0.0000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--turns", "many"], "as in 120b3g; got 'many'"),
        (["--turns", "5001b"], "at most 5000 turns"),
        (["--preset", "midpoint", "--turns", "1g"], "no turn of the generator alone"),
        (["--set", "tau=nan"], "tau"),
        (["--set", "tau"], "tau takes a float, got ''"),
        (["--set", "hidden=513"], "hidden=513: hidden must be from 1 to 512, got 513."),
        (["--set", "backbone=tuned"], "backbone: a lab has no such setting"),
        (["--set", "colour=red"], "colour: a lab has no such setting"),
        (["--set", "tau=0.2", "dim=one"], "dim takes a int, got 'one'"),
        (["--set", "tau=3.9"], "at an age gap of 69 years"),
        (["--set", "generator_rate=10", "hard=1e6"], "The training has diverged at turn 1"),
        (["--set", f"adv={'x' * 10_000}"], "adv=xxx"),
        (["--link", "?view=train&data=toy&tau=small"], "tau takes a float, got 'small'"),
        (["--link", "?view=train&data=cats"], "Unknown data 'cats'. Known: faces, toy"),
        (["--link", "?view=similarity&L=7"], "not one of the page's Train view"),
        (["--link", "view=train&data=toy"], "not one of the page's Train view"),
        (["--link", "http://["], "not one of the page's Train view"),
        (["--data", "faces", "--gallery", "nowhere"], "There is no gallery in nowhere"),
    ],
)
def test_what_makes_no_training_is_refused_in_words(
    options: list[str], words: str, tmp_path: Path, error: Error
) -> None:
    assert main([*TOY, *options, "--out", str(tmp_path / "out")]) == 2
    assert words in error()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", [["--data", "cats"], ["--preset", "best"]])
def test_an_unknown_choice_is_refused_with_the_known_ones(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["lab", *option])
    assert stopped.value.code == 2
    assert f"invalid choice: '{option[1]}' (choose from" in capsys.readouterr().err


def test_a_small_gallery_is_refused(tmp_path: Path, error: Error) -> None:
    stored_gallery(tmp_path / "gallery")
    assert main(["lab", "--gallery", str(tmp_path / "gallery"), "--out", str(tmp_path / "o")]) == 2
    assert "can be the anchor of a quadruplet, and a batch takes 128" in error()


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path: Path, error: Error) -> None:
    (tmp_path / "out").write_text("mine")
    assert main([*TOY[:-1], "1b", "--out", str(tmp_path / "out")]) == 2
    assert "cannot be written" in error()
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("failing", ["records.csv", "lab.json"])
def test_nothing_half_written_is_left(
    failing: str, tmp_path: Path, error: Error, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([*TOY[:-1], "1b", "--out", str(tmp_path)]) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(_: object, target: Path | str, *arguments: Any, **options: Any) -> None:
        if isinstance(target, Path):
            target.write_bytes(b"turn,st")
        raise OSError(28, "No space left on device")

    owner, name = (pd.DataFrame, "to_csv") if failing == "records.csv" else (Path, "write_text")
    monkeypatch.setattr(owner, name, fail)
    assert main([*TOY[:-1], "10b", "--out", str(tmp_path)]) == 2
    assert "cannot be written" in error()
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
