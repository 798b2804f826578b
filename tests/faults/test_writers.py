"""Every way in which this package writes a file, on a disk without room."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sadal_core.backbones import BACKBONES
from sadal_core.batch import Picture
from sadal_core.cli.estimate import _table as estimates
from sadal_core.collection.folder import CollectionFolder, begun
from sadal_core.collection.listing import Listing
from sadal_core.collection.shard import Made
from sadal_core.errors import DataError
from sadal_core.files import replacing, write_json
from sadal_core.gallery.export import write_csv, write_parquet, write_projector
from sadal_core.gallery.stored import load_gallery
from sadal_core.generator import HardNegativeGenerator
from sadal_core.generator_file import save_generator
from sadal_core.kept import kept_array, kept_result, write_arrays
from sadal_core.model import AgeModel
from sadal_core.onnx_backbone import write_onnx
from sadal_core.training.checkpoint import append_record, save_checkpoint
from sadal_core.weights import save_model
from tests.faults.disk import FULL, Disk, small_files
from tests.faults.stages import files, leftovers
from tests.planted import TINY
from tests.planted_gallery import stored_gallery

NUMBERS = np.random.default_rng(0).normal(size=(300, 100))
TEXT = {"text": "x" * 200_000}


@dataclass
class Config:
    """Settings of a run."""

    seed: int = 0


class Run:
    """A run with as much state as there are numbers."""

    step = 3

    def state(self) -> dict[str, Any]:
        return {"weights": torch.from_numpy(NUMBERS)}

    def restore(self, state: dict[str, Any]) -> None:
        raise AssertionError


def generator(folder: Path) -> None:
    net = HardNegativeGenerator(256, kind="linear", hidden=8)
    save_generator(folder / "g.safetensors", net, features=256, hidden=8, about={})


def table(path: Path) -> None:
    with estimates(path) as write:
        write({"file": TEXT["text"]})


def model(folder: Path) -> None:
    save_model(AgeModel("tiny"), folder, {"backbone": "tiny", "metrics": {}, "bands": []})


def text(folder: Path) -> None:
    with replacing(folder / "table.md") as temporary:
        temporary.write_text(TEXT["text"], "utf-8")


WRITERS: dict[str, Callable[[Path], object]] = {
    "a text": text,
    "a result": lambda folder: write_json(folder / "a.json", TEXT),
    "a kept result": lambda folder: kept_result(folder / "b.json", {}, lambda: TEXT),
    "a kept array": lambda folder: kept_array(folder / "c.npz", "key", lambda: NUMBERS),
    "arrays": lambda folder: write_arrays(folder / "d.npz", numbers=NUMBERS),
    "a checkpoint": lambda folder: save_checkpoint(folder, Config(), Run()),
    "a line of the records": lambda folder: append_record(folder, TEXT),
    "a model": model,
    "a generator": generator,
    "a network for ONNX Runtime": lambda folder: write_onnx(
        AgeModel("tiny").backbone, 112, folder / "e.onnx"
    ),
    "a table of estimates": lambda folder: table(folder / "f.csv"),
    "a shard of a collection": lambda folder: CollectionFolder(
        folder, {}, Listing(0, "", ())
    ).store(Made(0, NUMBERS.tobytes(), {})),
    "the list of a collection": lambda folder: begun(
        folder, {}, [Picture(TEXT["text"], None, "reason")], 1
    ),
    "a gallery": lambda folder: stored_gallery(folder, 400),
}
EXPORTS = {
    "Parquet": lambda gallery, folder: write_parquet(gallery, folder / "g.parquet"),
    "CSV": lambda gallery, folder: write_csv(gallery, folder / "g.csv"),
    "a projector": write_projector,
}


@pytest.fixture(scope="module", autouse=True)
def exports(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Ways to write a gallery that has been stored."""
    folder = tmp_path_factory.mktemp("stored")
    stored_gallery(folder, 400)
    gallery = load_gallery(folder)
    for name, write in EXPORTS.items():
        WRITERS[name] = lambda out, write=write: write(gallery, out)


@pytest.fixture(params=["a full disk", "small files"])
def no_room(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    """Opens a folder in which a file can begin but not end."""
    if request.param == "a full disk":
        disk: Disk = request.getfixturevalue("disk")

        @contextmanager
        def full() -> Iterator[tuple[Path, str]]:
            disk.leave(4096)
            yield disk.path / "out", FULL
            disk.leave(10**9)

        return full

    @contextmanager
    def small() -> Iterator[tuple[Path, str]]:
        with small_files(1500):
            yield tmp_path / "out", "File too large"

    return small


@pytest.mark.parametrize("name", [*WRITERS, *EXPORTS])
def test_nothing_is_left_and_the_old_file_stands(
    name: str, no_room: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BACKBONES, "tiny", TINY)
    noise: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", noise.append)
    write = WRITERS[name]
    for _ in range(2):  # into a new folder, and over what is there
        with no_room() as (folder, reason):
            before = {path: path.read_bytes() for path in files(folder)}
            with pytest.raises(DataError) as caught:
                write(folder)
            said = str(caught.value)
            assert said.startswith(str(folder))
            assert f"cannot be written ({reason})" in said
            assert "\n" not in said
            assert leftovers(folder) == []
            after = {path: path.read_bytes() for path in files(folder)}
        if name == "a line of the records":
            assert all(after[path].startswith(content) for path, content in before.items())
        elif name == "a projector":  # each of its files is whole for itself
            assert set(before) <= set(after)
        else:
            assert after == before
        if name in ("a kept array", "a kept result"):
            return
        write(folder)
        assert files(folder) != []
    assert noise == []
