"""The commands that write, from pictures to a gallery, and what their folders must hold."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import torch
from PIL import Image
from safetensors.torch import load_file

from sadal_core.kept import read_arrays
from tests.pictures import encoded

COUNT = 40  # pictures
AGE = ("backbone=tiny", "epochs=2", "batch_size=4", "validation_fraction=0.4")
METRIC = (
    "batch_size=4", "hidden=8", "dim=4", "metric_epochs=1", "generator_epochs=1",
    "alternating_epochs=2",
    "learning_rate=0.05", "generator_rate=0.05",  # so that the last epoch is not the best
)  # fmt: skip


def plant_pictures(folder: Path) -> None:
    """Patches that are brighter with age, two of every age, each different from all others."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = ["path,age"]
    for number in range(COUNT):
        age = 10 + 4 * (number // 2)
        patches = rng.integers(0, 120, (16, 16, 3), dtype=np.uint8) + age
        picture = patches.repeat(8, axis=0).repeat(8, axis=1)
        (folder / f"{number:02d}.png").write_bytes(encoded(picture.astype(np.uint8)))
        rows.append(f"{number:02d}.png,{age}")
    (folder / "labels.csv").write_text("\n".join(rows))


class Stages(NamedTuple):
    """Arguments of commands that follow each other.

    Attributes:
        data: folder of pictures.
        cache: of their crops.
        root: of the folders `age`, `metric`, `gallery` that the commands write.
    """

    data: Path
    cache: Path
    root: Path

    @property
    def pictures(self) -> list[str]:
        """Options that name the pictures and their crops."""
        return ["--data", str(self.data), "--cache", str(self.cache), "--workers", "1"]

    def prepare(self) -> list[str]:
        """Fills the cache."""
        return ["prepare", *self.pictures, "--backbone", "resnet18-half"]

    def age(self, out: Path) -> list[str]:
        """Trains the age stage."""
        return ["train", *self.pictures, "--out", str(out), "--set", *AGE]

    def metric(self, out: Path) -> list[str]:
        """Trains the metric stage, and keeps the features that it learns from."""
        model = ["--stage", "metric", "--model", str(self.root / "age" / "model")]
        return ["train", *self.pictures, *model, "--out", str(out), "--set", *METRIC]

    def gallery(self, out: Path, *settings: str) -> list[str]:
        """Builds a gallery with the epochs of the metric stage."""
        run = self.root / "metric"
        made_by = ["--model", str(run / "model"), "--run", str(run)]
        set_to = ["--set", *settings] if settings else []
        return ["gallery", *self.pictures, *made_by, "--out", str(out), *set_to]

    def evaluate(self, out: Path, *options: str) -> list[str]:
        """Measures the model of the metric stage."""
        model = ["--protocol", "holdout", "--model", str(self.root / "metric" / "model")]
        return ["evaluate", *self.pictures, *model, "--out", str(out), *options]

    def embed(self, out: Path, *options: str) -> list[str]:
        """Fills a folder with the faces of the pictures, eight pictures to a shard."""
        model = ["--model", str(self.root / "age" / "model"), "--workers", "1"]
        return ["embed", str(self.data), *model, "--out", str(out), "--shard-size", "8", *options]


def files(*folders: Path) -> list[Path]:
    """All files below, in order."""
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def leftovers(*folders: Path) -> list[Path]:
    """What writers that were killed have left."""
    return [path for path in files(*folders) if path.name.startswith(".")]


def assert_whole(*folders: Path) -> None:
    """Every file under its final name can be read to its end."""
    for path in files(*folders):
        if path not in leftovers(*folders):
            _READERS[path.suffix](path)


def _lines(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


_READERS = {
    ".json": lambda path: json.loads(path.read_text("utf-8")),
    ".jsonl": _lines,
    ".parquet": pq.read_table,
    ".npz": lambda path: read_arrays(path, ""),
    ".pt": lambda path: torch.load(path, weights_only=True),
    ".safetensors": load_file,
    ".webp": lambda path: Image.open(path).load(),
}


def assert_same(one: Path, other: Path) -> None:
    """Two folders hold the same files with the same numbers in them."""
    names = [[path.relative_to(folder) for path in files(folder)] for folder in (one, other)]
    assert names[0] == names[1]
    for name in names[0]:
        if name.suffix == ".pt":  # whose bytes depend on how often it was read
            assert _numbers(one / name) == _numbers(other / name), name
        else:
            assert (one / name).read_bytes() == (other / name).read_bytes(), name


def _numbers(path: Path) -> str:
    stored = torch.load(path, weights_only=True)
    return json.dumps(stored, default=lambda tensor: tensor.tolist())
