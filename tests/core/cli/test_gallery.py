"""From a folder of pictures and a trained metric to a gallery, by the command alone."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from sadal_core.backbones import BACKBONES
from sadal_core.cli import main
from sadal_core.faces.align import CropSpec
from sadal_core.faces.detect import Face, MediaPipeFaces
from sadal_core.gallery.stored import Gallery, load_gallery
from sadal_core.metric import MetricModel
from sadal_core.weights import load_model, save_model
from tests.pictures import encoded
from tests.planted import TINY
from tests.planted_metric import fake_umap

COUNT, TILE = 40, 64
SMALL = [
    "batch_size=4",
    "hidden=8",
    "dim=4",
    "metric_epochs=1",
    "generator_epochs=1",
    "alternating_epochs=2",
]
Error = Callable[[], str]


class Made(NamedTuple):
    """What the commands before have made."""

    data: list[str]
    pictures: list[np.ndarray]
    age_model: Path
    run: Path

    @property
    def model(self) -> Path:
        return self.run / "model"

    def gallery(self, out: Path, *options: str, model: Path | None = None) -> int:
        start = ["gallery", *self.data, "--model", str(model or self.model), "--out", str(out)]
        return main([*start, *options])


class OneFace(MediaPipeFaces):
    """Finds a face so that each picture is its own crop."""

    def __init__(self) -> None:
        pass

    def __call__(self, image: np.ndarray) -> tuple[Face, ...]:
        side = float(image.shape[0])
        return (Face(np.array([0, 0, side, side]), CropSpec().template, 1.0),)


def age(number: int) -> int:
    return 10 + 4 * (number // 2)  # two of every age, so that there are positives


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Patches, brighter with age, and all of them different: as many units as pictures."""
    root = tmp_path_factory.mktemp("gallery")
    folder = root / "lights"
    folder.mkdir()
    rng = np.random.default_rng(0)
    pictures = []
    for number in range(COUNT):
        patches = rng.integers(0, 120, (16, 16, 3), dtype=np.uint8) + age(number)
        pictures.append(cv2.resize(patches, (128, 128), interpolation=cv2.INTER_NEAREST))
        (folder / f"{number:02d}.png").write_bytes(encoded(pictures[-1]))
    rows = [f"{number:02d}.png,{age(number)}" for number in range(COUNT)]
    (folder / "labels.csv").write_text("\n".join(["path,age", *rows]))
    data = ["--data", str(folder), "--cache", str(root / "crops"), "--workers", "1"]
    made = Made(data, pictures, root / "age" / "model", root / "metric")
    with pytest.MonkeyPatch.context() as patch, fake_umap():
        patch.setitem(BACKBONES, "tiny", TINY)
        patch.setattr("sadal_core.data.found._detector", OneFace())
        first = ["backbone=tiny", "epochs=1", "batch_size=4", "validation_fraction=0.4"]
        assert main(["train", *data, "--out", str(root / "age"), "--set", *first]) == 0
        stage = ["train", "--stage", "metric", *data, "--model", str(made.age_model)]
        assert main([*stage, "--out", str(made.run), "--set", *SMALL]) == 0
        yield made


@pytest.fixture(scope="module")
def full(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """All faces with their own pictures and the epochs."""
    out = tmp_path_factory.mktemp("out") / "full"
    assert made.gallery(out, "--run", str(made.run)) == 0
    return load_gallery(out)


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())


def tiles(gallery: Gallery) -> np.ndarray:
    """The pictures of a gallery as they are on its sheet."""
    about = gallery.about["pictures"]
    assert gallery.sheet is not None
    assert about["tile"] == TILE
    image = np.asarray(Image.open(gallery.sheet).convert("RGB")).astype(int)
    places = (divmod(place, about["columns"]) for place in range(len(gallery)))
    return np.stack(
        [image[TILE * r : TILE * (r + 1), TILE * c : TILE * (c + 1)] for r, c in places]
    )


def thumbnails(made: Made) -> np.ndarray:
    """What the network sees of each picture, shrunk to tiles."""
    inner = (picture[8:120, 8:120] for picture in made.pictures)
    small = [cv2.resize(i, (TILE, TILE), interpolation=cv2.INTER_AREA) for i in inner]
    return np.stack(small).astype(int)


def numbers(gallery: Gallery) -> list[int]:
    """Which pictures are shown."""
    return [int(name.removeprefix("csv/").removesuffix(".png")) for name in gallery.ids.tolist()]


@torch.no_grad()
def test_a_gallery_shows_the_faces_in_the_metric_of_the_model(made: Made, full: Gallery) -> None:
    model, about = load_model(made.model)
    assert numbers(full) == list(range(COUNT))
    assert full.ages.tolist() == [age(number) for number in range(COUNT)]
    assert full.about["data"]["faces"] == COUNT
    assert full.about["model"] == about["sha256"]
    expected = model.predict(np.stack(made.pictures)).embeddings
    np.testing.assert_allclose(full.embeddings, expected, atol=5e-3)
    assert np.abs(expected[0] - expected[-1]).max() > 0.05


def test_what_is_known_names_the_command_but_no_path(made: Made, full: Gallery) -> None:
    about, known = full.about, manifest(made.model)
    assert str(made.run.parent) not in json.dumps(about)
    assert about["command"].startswith("python -m sadal_core gallery --side all --pictures own")
    assert about["config"] == known["config"]
    assert (about["pictures"]["kind"], about["pictures"]["k"]) == ("own", 1)
    assert about["labels"] == [row["labels_sha256"] for row in known["data"]]


def test_own_pictures_are_the_faces_themselves(made: Made, full: Gallery) -> None:
    shown, own = tiles(full), thumbnails(made)
    for row in range(COUNT):
        far = np.abs(shown[row] - own).mean(axis=(1, 2, 3))
        assert far.argmin() == row
        assert far[row] < 0.5 * np.partition(far, 1)[1]


def test_the_epochs_lead_to_the_model(full: Gallery) -> None:
    epochs = full.epochs
    assert epochs is not None
    assert epochs.numbers.tolist() in ([1, 2, 3], [1, 2, 3, 4])  # up to the best of the last phase
    assert epochs.generating.tolist() == [number > 1 for number in epochs.numbers]
    np.testing.assert_array_equal(epochs.samples[-1], full.maps["after-umap"])
    np.testing.assert_allclose(epochs.after[-1], full.negatives["distance_after"], rtol=1e-3)


def test_a_smaller_gallery_measures_placing_on_the_faces_left_out(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--count", "30", "--set", "seed=3", "n_neighbors=5"]
    assert made.gallery(tmp_path / "one", *options) == 0
    printed = capsys.readouterr().out
    gallery = load_gallery(tmp_path / "one")
    assert len(gallery) == 30
    assert gallery.epochs is None
    assert len(set(gallery.ages.tolist())) == COUNT // 2  # every age is there
    about = gallery.about
    assert about["maps"]["umap"] == {"n_neighbors": 5, "min_dist": 0.1, "seed": 3}
    assert about["maps"]["agreement"]["new faces"]["points"] == COUNT - 30
    assert "--count 30" in about["command"]
    assert f"30 faces and {about['data']['quadruplets']} quadruplets are in" in printed
    assert "trustworthiness 0." in printed
    assert "placing new faces: " in printed
    assert made.gallery(tmp_path / "two", *options) == 0
    again = load_gallery(tmp_path / "two")
    for name in gallery.maps:
        np.testing.assert_array_equal(again.maps[name], gallery.maps[name])
    np.testing.assert_array_equal(again.ids, gallery.ids)
    np.testing.assert_array_equal(tiles(again), tiles(gallery))


def test_averages_are_of_the_nearest_in_the_metric(
    made: Made, full: Gallery, tmp_path: Path
) -> None:
    options = ["--pictures", "k-same", "--k", "31", "--count", "25"]
    assert made.gallery(tmp_path, *options) == 0
    gallery = load_gallery(tmp_path)
    assert len(gallery) == 25
    about = gallery.about
    assert (about["pictures"]["kind"], about["pictures"]["k"]) == ("k-same", 31)
    assert "--pictures k-same --k 31" in about["command"]
    own = thumbnails(made)
    for tile, number in zip(tiles(gallery), numbers(gallery), strict=True):
        squares = np.square(full.embeddings - full.embeddings[number]).sum(axis=1)
        near = np.argsort(squares)  # of all faces, also of those that are not shown
        expected, others = own[near[:31]].mean(axis=0), own[near[-31:]].mean(axis=0)
        far = np.abs(tile - expected).mean()
        assert far < 0.8 * np.abs(tile - others).mean()
        assert far < 0.2 * np.abs(tile - own[number]).mean()


@pytest.mark.parametrize(("side", "count"), [("training", "n_train"), ("held-out", "n_validation")])
def test_one_side_of_the_split_can_be_shown(
    made: Made, side: str, count: str, tmp_path: Path
) -> None:
    (row,) = manifest(made.model)["data"]
    assert 10 <= row[count] < COUNT
    assert made.gallery(tmp_path, "--side", side) == 0
    gallery = load_gallery(tmp_path)
    assert len(gallery) == row[count]
    assert gallery.ages.tolist() == [age(number) for number in numbers(gallery)]
    assert "generated" in gallery.about["maps"]["agreement"]
    assert f"--side {side}" in gallery.about["command"]


@pytest.fixture
def error(capsys: pytest.CaptureFixture[str]) -> Error:
    """The one sentence that a command ended with."""

    def read() -> str:
        said = [t for t in capsys.readouterr().err.splitlines() if t.startswith("python -m")]
        assert len(said) == 1
        return said[0]

    capsys.readouterr()
    return read


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--pictures", "k-same", "--k", "41"], "averages 41 different faces, and there are 40"),
        (["--pictures", "k-same", "--k", "29"], "averages at least 30 faces, got 29"),
        (["--count", "0"], "count of at least 1 face, got 0"),
        (["--count", "2"], "can be an anchor"),
        (["--set", "n_neighbors=1"], "n_neighbors must be from 2 to 200"),
        (["--set", "neighbours=5"], "Unknown setting 'neighbours'"),
        (["--run", "nowhere"], "nowhere holds no run of the metric stage"),
    ],
)
def test_what_makes_no_gallery_is_refused_in_words(
    made: Made, options: list[str], words: str, tmp_path: Path, error: Error
) -> None:
    assert made.gallery(tmp_path / "out", *options) == 2
    assert words in error()
    assert not (tmp_path / "out").exists()


def test_a_model_without_metric_is_refused(made: Made, tmp_path: Path, error: Error) -> None:
    assert made.gallery(tmp_path / "out", model=made.age_model) == 2
    assert "has no metric. Train one: python -m sadal_core train --stage metric" in error()
    assert not (tmp_path / "out").exists()


def test_a_side_of_an_unknown_split_is_refused(made: Made, tmp_path: Path, error: Error) -> None:
    model = Path(shutil.copytree(made.model, tmp_path / "model"))
    known = manifest(model)
    del known["split"]
    (model / "manifest.json").write_text(json.dumps(known))
    assert made.gallery(tmp_path / "out", "--side", "held-out", model=model) == 2
    assert "no entry 'split'" in error()
    assert not (tmp_path / "out").exists()
    assert made.gallery(tmp_path / "out", model=model) == 0  # all faces need no split


def load_metric(folder: Path) -> MetricModel:
    metric = load_model(folder)[0].metric
    assert metric is not None
    return metric


@pytest.mark.parametrize("kind", ["another run", "the age stage", "one that was cut short"])
def test_a_run_that_did_not_make_the_model_is_refused(
    made: Made, kind: str, tmp_path: Path, error: Error
) -> None:
    run, words = made.age_model.parent, "holds no run of the metric stage"
    shape = json.dumps(load_metric(made.model).shape())
    if kind != "the age stage":
        run, words = tmp_path / "run", "is not one of those recorded in"
        shutil.copytree(made.run / "snapshots", run / "snapshots")
        shutil.copy(made.run / "config.json", run)
    for path in sorted((run / "snapshots").glob("*")):
        if kind == "another run":
            tensors = load_file(path)
            tensors["head.linear.bias"] += 1e-6
            save_file(tensors, path, {"shape": shape})
        elif path.name > "epoch-0002.safetensors":
            path.unlink()
    assert made.gallery(tmp_path / "out", "--run", str(run)) == 2
    assert words in error()
    assert not (tmp_path / "out").exists()


def test_a_metric_without_generator_is_refused(made: Made, tmp_path: Path, error: Error) -> None:
    model, known = load_model(made.model)
    assert model.metric is not None
    model.metric.generator = None
    save_model(model, tmp_path / "model", known)
    assert made.gallery(tmp_path / "out", model=tmp_path / "model") == 2
    assert "has no generator" in error()
    assert not (tmp_path / "out").exists()
