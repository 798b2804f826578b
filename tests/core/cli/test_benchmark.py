"""Methods compared by the command, from pictures to tables."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sadal_core.cli import benchmark, main
from tests.pictures import encoded

if TYPE_CHECKING:
    from tests.lights import Error, Lights


@pytest.fixture
def people(made: "Lights", tmp_path: Path) -> Path:
    """The pictures again, under the names of FG-NET: four persons of ten ages each."""
    folder = tmp_path / "fgnet"
    folder.mkdir()
    for number, picture in enumerate(made.pictures):
        age = 10 + 4 * (number // 2)
        (folder / f"{number % 4 + 1:03d}A{age:02d}{'ab'[number % 2]}.JPG").write_bytes(
            encoded(picture, "PNG")
        )
    return folder


def compared(made: "Lights", data: Path, tmp_path: Path, *options: str) -> int:
    """Status of the command."""
    start = ["benchmark", "--data", str(data), "--cache", str(tmp_path / "crops")]
    where = ["--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs"), "--workers", "1"]
    return main([*start, *where, "--model", str(made.age_model), *options])


def record(tmp_path: Path, name: str) -> dict[str, Any]:
    return json.loads((tmp_path / "out" / f"comparison-{name}.json").read_text())


def test_one_person_left_out_at_a_time(
    made: "Lights", people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--protocol", "lopo", "--methods", "single_label,unsupervised_knn,ohranker")
    assert compared(made, people, tmp_path, *options) == 0
    found = record(tmp_path, "fgnet-lopo")
    assert (found["faces"], found["units"], found["leaky"]) == (40, 4, False)
    assert {row["method"] for row in found["rows"]} == {"single_label", "ohranker"}
    assert [row["method"] for row in found["absent"]] == ["unsupervised_knn"]
    assert "--face-weights" in found["absent"][0]["why"]
    assert sum(found["rows"][0]["chosen"]) == 4
    assert str(tmp_path) not in json.dumps(found)
    assert "--protocol lopo --methods single_label" in found["command"]
    table = (tmp_path / "out" / "comparison-fgnet-lopo.md").read_text()
    assert table in capsys.readouterr().out
    with (tmp_path / "out" / "comparison-fgnet-lopo.csv").open() as file:
        assert [row["method"] for row in csv.DictReader(file)] == [
            row["method"] for row in found["rows"]
        ]


def test_further_populations_are_learned_from(
    made: "Lights", people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sadal_core.cli.inputs.MOST_OTHERS", 7)
    counts: list[int] = []
    kept = benchmark.Comparison

    def seen(faces: Any, others: Any, *rest: Any) -> Any:
        counts.append(len(others))
        return kept(faces, others, *rest)

    monkeypatch.setattr(benchmark, "Comparison", seen)
    also = made.data[made.data.index("--data") + 1]
    options = ("--protocol", "random", "--methods", "single_label", "--also", also)
    assert compared(made, people, tmp_path, *options) == 0
    assert counts == [7]
    assert record(tmp_path, "fgnet-random")["leaky"]


def test_the_held_out_faces_of_the_model(made: "Lights", tmp_path: Path) -> None:
    data = Path(made.data[made.data.index("--data") + 1])
    assert compared(made, data, tmp_path, "--protocol", "holdout", "--methods", "l1") == 0
    (row,) = record(tmp_path, "csv-holdout")["rows"]
    assert row["minus_sadal"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--protocol", "lopo", "--methods", "svm"), "Unknown method 'svm'"),
        (("--protocol", "lopo"), "were learned from csv"),
        (("--protocol", "holdout", "--methods", "l1", "--face-weights", "no.pt"), "no.pt cannot"),
        (("--protocol", "subject_exclusive", "--methods", "l1"), "were learned from csv"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    made: "Lights", tmp_path: Path, error: "Error", options: tuple[str, ...], words: str
) -> None:
    data = Path(made.data[made.data.index("--data") + 1])
    assert compared(made, data, tmp_path, *options) == 2
    assert words in error()
    assert not (tmp_path / "out").exists()
