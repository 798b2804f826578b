"""Files that a command goes on from, damaged: it says so or does that part again, never uses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sadal_core.data import shards
from sadal_core.data.shards import sharded
from sadal_core.errors import DataError, SadalError
from sadal_core.kept import kept_array
from sadal_core.training.checkpoint import append_record, load_checkpoint, save_checkpoint
from tests.faults.damage import (
    DAMAGES,
    Damage,
    another_in_its_place,
    missing,
    places_in_arrays,
    with_changed_bytes,
)

NUMBERS = np.random.default_rng(0).integers(0, 250, (24, 24, 16, 3), dtype=np.uint8)
KEY = {"of": "numbers"}


def numbers(items: Sequence[int]) -> dict[str, np.ndarray]:
    return {"images": NUMBERS[list(items)], "halves": NUMBERS[list(items)] / 2}


def cached(folder: Path) -> dict[str, np.ndarray]:
    """All numbers, in three shards."""
    return sharded(
        folder, KEY, range(len(NUMBERS)), numbers, columns=("images", "halves"), workers=1,
        progress=lambda done, total: None,
    )  # fmt: skip


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(shards, "SHARD", 8)
    cached(tmp_path / "cache")
    return tmp_path / "cache"


def test_no_changed_byte_of_a_shard_changes_what_is_read(cache: Path) -> None:
    """Not even one in the header of an array, which would cut it short of its checksum."""
    path, said = cache / "shard-00001.npz", []
    for _ in with_changed_bytes(path, places_in_arrays(path)):
        try:
            read = cached(cache)
        except DataError as error:
            said.append(str(error))
            continue
        np.testing.assert_array_equal(read["images"], NUMBERS)
        np.testing.assert_array_equal(read["halves"], NUMBERS / 2)
    assert len(said) > 1000
    assert set(said) == {f"{path} is damaged. Delete it and run prepare again."}


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d is not another_in_its_place])
def test_a_damaged_shard_is_named_or_made_again(cache: Path, damage: Damage) -> None:
    path = cache / "shard-00001.npz"
    damage(path, path)
    if damage is not missing:
        with pytest.raises(DataError, match=r"shard-00001\.npz is damaged\. Delete it"):
            cached(cache)
        return
    np.testing.assert_array_equal(cached(cache)["images"], NUMBERS)


def test_no_changed_byte_of_kept_features_changes_what_is_read(tmp_path: Path) -> None:
    path, made = tmp_path / "features.npz", []

    def make() -> np.ndarray:
        made.append(True)
        return NUMBERS / 3

    kept_array(path, "key", make)
    for _ in with_changed_bytes(path, places_in_arrays(path, every=4)):
        np.testing.assert_array_equal(kept_array(path, "key", make), NUMBERS / 3)
    assert len(made) > 300


@dataclass
class Config:
    """Settings of a run."""

    seed: int = 0
    rate: float = 0.5


class Run:
    """A run with a few weights."""

    def __init__(self, step: int = 0) -> None:
        self.step = step
        self.weights = torch.full((40, 5), float(step))

    def state(self) -> dict[str, Any]:
        return {"step": self.step, "weights": self.weights, "texts": ["a"], "moments": {0: 1.5}}

    def restore(self, state: dict[str, Any]) -> None:
        self.weights, self.step = state["weights"], state["step"]
        assert (state["texts"], state["moments"]) == (["a"], {0: 1.5})


def test_no_changed_byte_of_a_checkpoint_changes_what_a_run_goes_on_from(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, Config(), Run(7))
    path = tmp_path / "state.pt"
    said, taken = [], 0
    for _ in with_changed_bytes(path, range(0, path.stat().st_size, 3)):
        run = Run()
        try:
            load_checkpoint(tmp_path, Config(), run)
        except DataError as error:
            said.append(str(error))
            continue
        taken += 1
        assert run.step == 7
        assert torch.equal(run.weights, torch.full((40, 5), 7.0))
    assert len(said) > taken > 0  # the file has much padding
    assert set(said) == {f"{path} is damaged. Delete it to start the run again."}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_named_or_the_run_starts_again(
    tmp_path: Path, damage: Damage
) -> None:
    save_checkpoint(tmp_path, Config(), Run(7))
    other = tmp_path / "other"
    other.mkdir()
    torch.save([1, 2, 3], other / "state.pt")
    damage(tmp_path / "state.pt", other / "state.pt")
    run = Run()
    if damage is missing:
        load_checkpoint(tmp_path, Config(), run)
        assert run.step == 0
        return
    with pytest.raises(DataError, match=r"state\.pt is damaged\. Delete it to start the run again"):
        load_checkpoint(tmp_path, Config(), run)


def test_records_are_cut_at_the_checkpoint_and_at_a_line_that_was_being_written(
    tmp_path: Path,
) -> None:
    for step in (1, 2, 3):
        append_record(tmp_path, {"step": step, "of": {"losses": [step]}})
    save_checkpoint(tmp_path, Config(), Run(2))
    path = tmp_path / "metrics.jsonl"
    first, second, _ = path.read_text().splitlines(keepends=True)
    for cut in range(len(second)):  # also behind a brace that is not the last
        path.write_text(first + second[:cut])
        load_checkpoint(tmp_path, Config(), Run())
        assert path.read_text() == (first + second if cut == len(second) - 1 else first)


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"{}\n", b"[]\n", b"3\n", b"half a li\n"])
def test_records_that_are_damaged_inside_are_named(tmp_path: Path, damage: bytes) -> None:
    append_record(tmp_path, {"step": 1})
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(damage + path.read_bytes())
    with pytest.raises(SadalError, match=r"metrics\.jsonl is damaged\. Delete it to go on"):
        load_checkpoint(tmp_path, Config(), Run())
