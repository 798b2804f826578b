"""Every file of a model and of a gallery, damaged in every way, is refused in one sentence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from sadal_core.backbones import BACKBONES
from sadal_core.errors import SadalError
from sadal_core.gallery.stored import BUNDLED_GALLERY, load_gallery
from sadal_core.generator_file import load_generator
from sadal_core.manifest import BUNDLED_MODEL, generator_path
from sadal_core.model import AgeModel
from sadal_core.weights import load_manifest, load_model, save_model
from tests.faults.damage import DAMAGES, Damage, with_changed_bytes
from tests.planted import TINY
from tests.planted_gallery import stored_gallery

MODEL = ("manifest.json", "model.safetensors", "backbone.onnx", "generators/linear.safetensors")
GALLERY = ("about.json", "gallery.npz", "sheet.webp")
ABOUT = {"backbone": "tiny", "metrics": {"mae": 4.5}, "bands": [{"low": 0, "mae": 3.25}]}


def read_model(folder: Path) -> None:
    """All that is ever read of a model."""
    _, manifest = load_model(folder)
    load_generator(generator_path(folder, "linear"), model=manifest["sha256"])


def refusal(read: Callable[[Path], object], folder: Path) -> str:
    """The sentences with which a damaged folder is refused."""
    with pytest.raises(SadalError) as caught:
        read(folder)
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(".")
    assert any(words in said for words in ("again", "Build one", "Train it"))  # what to do
    return said


@pytest.fixture
def tiny_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(BACKBONES, "tiny", TINY)
    torch.manual_seed(1)
    save_model(AgeModel("tiny"), tmp_path / "tiny", ABOUT)
    return tmp_path / "tiny"


@pytest.mark.skipif(not BUNDLED_MODEL.is_dir(), reason="the bundled model is not here")
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", MODEL)
def test_a_damaged_file_of_the_model_is_named(
    name: str, damage: Damage, tmp_path: Path, tiny_model: Path
) -> None:
    folder = Path(shutil.copytree(BUNDLED_MODEL, tmp_path / "model"))
    other = tiny_model / name if (tiny_model / name).is_file() else folder / MODEL[1]
    damage(folder / name, other)
    said = refusal(read_model, folder)
    # Another description is whole, but the weights beside it are not those that it describes.
    strange = name == MODEL[0] and "another" in damage.__name__
    assert str(folder / (MODEL[1] if strange else name)) in said


@pytest.mark.skipif(not BUNDLED_GALLERY.is_dir(), reason="the bundled gallery is not here")
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", GALLERY)
def test_a_damaged_file_of_the_gallery_is_named(name: str, damage: Damage, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(BUNDLED_GALLERY, tmp_path / "gallery"))
    stored_gallery(tmp_path / "other")
    damage(folder / name, tmp_path / "other" / name)
    said = refusal(load_gallery, folder)
    strange = name == GALLERY[0] and "another" in damage.__name__
    lost = name == GALLERY[0] and damage.__name__ == "missing"
    assert str(folder if lost else folder / (GALLERY[1] if strange else name)) in said


def test_the_bundled_folders_are_sealed() -> None:
    """Or a changed figure in a description would be shown as it is."""
    for path in (BUNDLED_MODEL / "manifest.json", BUNDLED_GALLERY / "about.json"):
        if path.is_file():
            assert "entries_sha256" in json.loads(path.read_text("utf-8"))


def test_no_changed_byte_of_a_description_changes_what_is_known(
    tiny_model: Path, tmp_path: Path
) -> None:
    """It is refused, or it was in a blank or in the seal's own name."""
    place = tmp_path / "gallery"
    gallery = stored_gallery(place, 20)
    model = load_manifest(tiny_model)
    for path, read, known in (
        (tiny_model / "manifest.json", lambda: load_manifest(tiny_model), model),
        (place / "about.json", lambda: load_gallery(place).about, gallery.about),
    ):
        refused = taken = 0
        for _ in with_changed_bytes(path, range(0, path.stat().st_size, 5)):
            try:
                now = read()
            except SadalError:
                refused += 1
                continue
            taken += 1
            assert {name: now[name] for name in known} == known
        assert refused > 20 * taken


def test_no_changed_byte_of_the_arrays_changes_a_gallery(tmp_path: Path) -> None:
    stored_gallery(tmp_path, 20)
    path = tmp_path / "gallery.npz"
    for _ in with_changed_bytes(path, range(0, path.stat().st_size, 101)):
        refusal(load_gallery, tmp_path)
    assert len(load_gallery(tmp_path)) == 20
    path = tmp_path / "sheet.webp"
    for _ in with_changed_bytes(path, range(0, path.stat().st_size, 101)):
        refusal(load_gallery, tmp_path)


def test_no_changed_byte_of_the_weights_changes_a_model(tiny_model: Path) -> None:
    before = load_model(tiny_model)[0].state_dict()
    path = tiny_model / "model.safetensors"
    for _ in with_changed_bytes(path, range(0, path.stat().st_size, 101)):
        refusal(load_model, tiny_model)
    after = load_model(tiny_model)[0].state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)
