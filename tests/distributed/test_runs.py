"""Whole runs by two processes: the result of one, written once, and what a killed process costs."""

import json
from pathlib import Path

import numpy as np
import pytest

from sadal_core.cli import main
from tests.distributed.runs import (
    STEP_OF_AGE,
    STEP_OF_METRIC,
    Runs,
    quickly,
    records,
    seen,
    stopped_at,
)
from tests.distributed.several import SURROUNDINGS, commands, torchrun
from tests.faults.stages import assert_same, files, leftovers
from tests.planted import planted_crops

YEARS = 0.05  # ages and errors of models that one process has trained and two
# Largest difference in an embedding, whose length is 1; the age stage takes more steps through more
# layers, and AdamW makes a step of every rounding.
EMBEDDING = {"age": 0.03, "metric": 1e-4, "tuned": 1e-4, "resumed": 1e-4}
RUNS = ("age", "metric", "tuned")


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """By one process; to be read only."""
    runs = Runs.planted(tmp_path_factory.mktemp("one"))
    with quickly(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_DIR", SURROUNDINGS["GIT_DIR"])
        for arguments in (runs.age(), runs.metric(), runs.tuned()):
            assert main(arguments) == 0
    return runs


@pytest.fixture(scope="module")
def two(one: Runs, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """By two processes, from the same age model; one run, `resumed`, has been begun by one."""
    runs = one.at(tmp_path_factory.mktemp("two"))
    begun = runs.metric("resumed")
    with quickly(), stopped_at(STEP_OF_METRIC, 8):
        assert main(begun) == 130
    cache = runs.cache / "lights" / "features.npz"
    cache.unlink()  # so that features are computed, once
    ended = commands([runs.age(), runs.metric(), runs.tuned(), begun])
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("the model is in") == len(RUNS) + 1
    assert cache.exists()
    return runs


def as_one(name: str) -> str:
    """The name of the same run by one process."""
    return "metric" if name == "resumed" else name


@pytest.mark.parametrize("name", [*RUNS, "resumed"])
def test_two_processes_end_with_the_model_of_one(name: str, one: Runs, two: Runs) -> None:
    crops = planted_crops(50, seed=5).images[:, 8:-8, 8:-8]
    ages, embeddings = seen(one.root / as_one(name), crops)
    others = seen(two.root / name, crops)
    assert np.ptp(embeddings, axis=0).max() > 3 * EMBEDDING[name]
    np.testing.assert_allclose(others[1], embeddings, atol=EMBEDDING[name])
    np.testing.assert_allclose(others[0], ages, atol=YEARS)


@pytest.mark.parametrize("name", [*RUNS, "resumed"])
def test_two_processes_record_what_one_records(name: str, one: Runs, two: Runs) -> None:
    rows = records(one.root / as_one(name)), records(two.root / name)
    assert [row["step"] for row in rows[0]] == [row["step"] for row in rows[1]]
    for first, second in zip(*rows, strict=True):
        assert first.keys() == second.keys()
        for key in first:
            if isinstance(first[key], float):
                assert second[key] == pytest.approx(first[key], rel=0.01, abs=YEARS), key
            else:
                assert second[key] == first[key], key


def test_the_same_files_are_written(one: Runs, two: Runs) -> None:
    folders = [[runs.root / name for name in RUNS] for runs in (one, two)]
    names = [
        [path.relative_to(runs.root) for path in files(*below)]
        for runs, below in zip((one, two), folders, strict=True)
    ]
    assert names[0] == names[1]
    settings = [json.loads((below[0] / "config.json").read_text()) for below in folders]
    assert settings[0] == settings[1]


def test_torchrun_goes_on_by_itself_after_a_kill_to_the_same_bits(
    two: Runs, tmp_path: Path
) -> None:
    runs = two.at(tmp_path)
    ended = commands([runs.age()], dies_at=(STEP_OF_AGE, 11), restarts=2)
    assert ended.returncode == 0, ended.stderr
    assert "exitcode: -9" in ended.stderr
    assert_same(runs.root / "age", two.root / "age")
    assert leftovers(tmp_path) == []


def test_a_batch_that_the_processes_cannot_share_is_one_sentence(tmp_path: Path) -> None:
    start = ["-m", "sadal_core", "train", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    ended = torchrun(*start, "--set", "batch_size=5")
    assert ended.returncode != 0
    (said,) = [line for line in ended.stderr.splitlines() if line.startswith("python -m")]
    assert said == (
        "python -m sadal_core: A batch of 5 cannot be shared evenly by 2 processes. Take another "
        "--nproc-per-node, or a batch_size that 2 divides."
    )
    assert not list(tmp_path.iterdir())
