"""From a folder of pictures and a trained metric to a gallery, by the command alone."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from sadal_core.gallery import candidates, pictures
from sadal_core.gallery.pictures import disjoint_groups
from sadal_core.gallery.stored import Gallery, load_gallery
from sadal_core.weights import load_model
from tests.lights import COUNT, Lights, age, quick_commands
from tests.planted_metric import fake_umap

TILE = 64


@pytest.fixture(scope="module")
def full(lights: Lights, tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """All faces with their own pictures and the epochs."""
    out = tmp_path_factory.mktemp("out") / "full"
    with quick_commands(), fake_umap():
        assert lights.gallery(out, "--run", str(lights.run)) == 0
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


def thumbnails(made: Lights) -> np.ndarray:
    """What the network sees of each picture, shrunk to tiles."""
    inner = (picture[8:120, 8:120] for picture in made.pictures)
    small = [cv2.resize(i, (TILE, TILE), interpolation=cv2.INTER_AREA) for i in inner]
    return np.stack(small).astype(int)


def numbers(gallery: Gallery) -> list[int]:
    """Which pictures are shown."""
    return [int(name.removeprefix("csv/").removesuffix(".png")) for name in gallery.ids.tolist()]


@torch.no_grad()
def test_a_gallery_shows_the_faces_in_the_metric_of_the_model(made: Lights, full: Gallery) -> None:
    model, about = load_model(made.model)
    assert numbers(full) == list(range(COUNT))
    assert full.ages.tolist() == [age(number) for number in range(COUNT)]
    assert full.about["data"]["faces"] == COUNT
    assert full.about["model"] == about["sha256"]
    expected = model.predict(np.stack(made.pictures)).embeddings
    np.testing.assert_allclose(full.embeddings, expected, atol=5e-3)
    assert np.abs(expected[0] - expected[-1]).max() > 0.05


def test_what_is_known_names_the_command_but_no_path(made: Lights, full: Gallery) -> None:
    about, known = full.about, manifest(made.model)
    assert str(made.run.parent) not in json.dumps(about)
    assert about["command"].startswith("python -m sadal_core gallery --side all --pictures own")
    assert about["config"] == known["config"]
    assert (about["pictures"]["kind"], about["pictures"]["k"]) == ("own", 1)
    assert about["labels"] == [row["labels_sha256"] for row in known["data"]]


def test_own_pictures_are_the_faces_themselves(made: Lights, full: Gallery) -> None:
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
    made: Lights, tmp_path: Path, capsys: pytest.CaptureFixture[str]
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


def test_averages_are_of_groups_in_the_metric(
    made: Lights, full: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "FEWEST_AVERAGED", 6)  # here are too few for groups of 30
    options = ["--pictures", "k-same", "--k", "6", "--count", "25"]
    assert made.gallery(tmp_path, *options) == 0
    gallery = load_gallery(tmp_path)
    assert len(gallery) == 25
    about = gallery.about
    assert (about["pictures"]["kind"], about["pictures"]["k"]) == ("k-same", 6)
    assert "--pictures k-same --k 6" in about["command"]
    own = thumbnails(made)
    groups = disjoint_groups(full.embeddings, 6)  # of all faces, also of those that are not shown
    assert len(groups) == 4
    centres = np.stack([full.embeddings[group].mean(axis=0) for group in groups])
    for tile, number in zip(tiles(gallery), numbers(gallery), strict=True):
        squares = np.square(centres - full.embeddings[number]).sum(axis=1)
        near, *others = (own[groups[i]].mean(axis=0) for i in np.argsort(squares))
        far = np.abs(tile - near).mean()
        assert all(far < 0.8 * np.abs(tile - other).mean() for other in others)
        assert far < 0.3 * np.abs(tile - own[number]).mean()


def test_points_can_be_means_that_are_nobody(
    made: Lights, full: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "FEWEST_AVERAGED", 6)
    years = 5 * (np.arange(COUNT) // 4)  # four faces of an age
    monkeypatch.setattr(candidates, "whole_years", lambda ages: years)
    options = ["--pictures", "k-same", "--k", "6", "--mean", "2", "--repetition", str(made.run)]
    assert made.gallery(tmp_path, *options) == 0
    gallery = load_gallery(tmp_path)
    assert len(gallery) == COUNT // 2
    assert gallery.about["mean_of"] == 2
    assert gallery.about["repetition"] is True
    assert "--k 6 --mean 2" in gallery.about["command"]
    assert not {*gallery.ids.tolist()} & {*full.ids.tolist()}
    for year in np.unique(years):  # of two means of two faces the mean is that of all four
        means = gallery.features[gallery.ages == year]
        assert len(means) == 2
        whole = full.features[years == year].mean(axis=0)
        np.testing.assert_allclose(means.mean(axis=0), whole, atol=5e-3)
    epochs = gallery.epochs
    assert epochs is not None
    np.testing.assert_allclose(epochs.after[-1], gallery.negatives["distance_after"], rtol=1e-3)


@pytest.mark.parametrize(("side", "count"), [("training", "n_train"), ("held-out", "n_validation")])
def test_one_side_of_the_split_can_be_shown(
    made: Lights, side: str, count: str, tmp_path: Path
) -> None:
    (row,) = manifest(made.model)["data"]
    assert 10 <= row[count] < COUNT
    assert made.gallery(tmp_path, "--side", side) == 0
    gallery = load_gallery(tmp_path)
    assert len(gallery) == row[count]
    assert gallery.ages.tolist() == [age(number) for number in numbers(gallery)]
    assert "generated" in gallery.about["maps"]["agreement"]
    assert f"--side {side}" in gallery.about["command"]
