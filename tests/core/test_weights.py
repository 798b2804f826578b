import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sadal_core.calibration import Calibration
from sadal_core.errors import WeightsError
from sadal_core.kept import SEAL
from sadal_core.manifest import load_manifest
from sadal_core.metric import MetricModel
from sadal_core.model import AgeModel
from sadal_core.rankers import RANKERS
from sadal_core.weights import load_model, save_model

ABOUT = {"backbone": "resnet18-half", "metrics": {"mae": 5.0}, "bands": [], "note": "Ä"}


@pytest.fixture(scope="module")
def model() -> AgeModel:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = AgeModel("resnet18-half").eval()
    model.temperature = 1.7
    model.calibration = Calibration((0.0, 50.0), (-1.0, -0.5), (1.0, 2.0))
    return model


@pytest.fixture
def folder(model: AgeModel, tmp_path: Path) -> Path:
    save_model(model, tmp_path / "model", ABOUT)
    return tmp_path / "model"


def edit(folder: Path, *without: str, **changes: Any) -> None:
    """Change the manifest on purpose, which takes its seal off."""
    path = folder / "manifest.json"
    stored = {**json.loads(path.read_text("utf-8")), **changes}
    kept = {name: entry for name, entry in stored.items() if name not in (SEAL, *without)}
    path.write_text(json.dumps(kept), "utf-8")


def test_a_saved_model_comes_back_bit_for_bit_and_ready_to_use(
    model: AgeModel, folder: Path, rng: np.random.Generator
) -> None:
    loaded, manifest = load_model(folder)
    assert manifest.items() >= ABOUT.items()
    assert loaded.temperature == 1.7
    assert loaded.calibration == model.calibration
    assert not loaded.training
    crops = rng.integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)
    for ours, theirs in zip(model.predict(crops), loaded.predict(crops), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "model.safetensors"]


@pytest.mark.parametrize("name", RANKERS)
def test_metric_generator_and_ranker_come_back_too(
    name: str, model: AgeModel, tmp_path: Path, rng: np.random.Generator
) -> None:
    whole = AgeModel("resnet18-half").eval()
    whole.load_state_dict(model.state_dict())
    whole.metric = MetricModel(whole.spec.features, dim=5, generator="mlp", hidden=7)
    embeddings = rng.normal(0, 1, (40, 5))
    whole.ranker = RANKERS[name]().fit(embeddings, rng.integers(20, 30, 40).astype(float))
    save_model(whole, tmp_path, ABOUT)
    loaded, manifest = load_model(tmp_path)
    assert manifest["parts"]["ranker"]["name"] == name
    crops = rng.integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)
    for ours, theirs in zip(whole.predict(crops), loaded.predict(crops), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert loaded.predict(crops).embeddings.shape == (2, 5)
    whole.ranker = None
    assert not np.allclose(whole.predict(crops).probabilities, loaded.predict(crops).probabilities)


@pytest.mark.parametrize(
    "parts",
    [{"metric": {"features": 3}}, {"metric": {"width": 1}}, {"ranker": {"name": "svm"}},
     {"ranker": {"name": "svm", "settings": {}}}],
)  # fmt: skip
def test_parts_that_do_not_fit_the_weights_are_refused(folder: Path, parts: dict[str, Any]) -> None:
    edit(folder, parts=parts)
    with pytest.raises(WeightsError, match="weights of another network"):
        load_model(folder)


def test_saving_over_a_model_replaces_both_files(folder: Path) -> None:
    other = AgeModel("mobilefacenet")
    save_model(other, folder, {**ABOUT, "backbone": "mobilefacenet"})
    loaded, manifest = load_model(folder)
    assert manifest["backbone"] == loaded.backbone_name == "mobilefacenet"
    torch.testing.assert_close(loaded.head.weight, other.head.weight, rtol=0, atol=0)


def test_a_model_that_cannot_be_described_leaves_the_old_one(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_model(AgeModel("mobilefacenet"), folder, {**ABOUT, "mae": float("nan")})
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("damage", ["one bit", "cut", "emptied"])
def test_damaged_weights_are_named_before_they_are_read(damage: str, folder: Path) -> None:
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    if damage == "one bit":
        data[len(data) // 2] ^= 1
    path.write_bytes({"one bit": data, "cut": data[:1000], "emptied": b""}[damage])
    with pytest.raises(WeightsError, match=r"model\.safetensors is damaged or is not the file"):
        load_model(folder)


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    edit(folder, backbone="mobilefacenet")
    with pytest.raises(WeightsError, match=r"model\.safetensors holds weights of another network"):
        load_model(folder)


def test_a_file_that_is_no_safetensors_is_refused_even_with_the_right_digest(folder: Path) -> None:
    from sadal_core.files import sha256

    (folder / "model.safetensors").write_bytes(b"\0" * 64)
    edit(folder, sha256=sha256(folder / "model.safetensors"))
    with pytest.raises(WeightsError, match="holds weights of another network"):
        load_model(folder)


@pytest.mark.parametrize(
    "changes", [{"backbone": "vgg"}, {"backbone": 3}, {"temperature": "warm"}, {"temperature": 0}]
)
def test_a_manifest_that_makes_no_sense_is_refused(changes: dict[str, Any], folder: Path) -> None:
    edit(folder, **changes)
    with pytest.raises(WeightsError, match=r"manifest\.json .*Use a model made by this version"):
        load_model(folder)


def test_a_model_from_before_there_were_calibrations_has_none(folder: Path) -> None:
    edit(folder, "calibration")
    loaded, _ = load_model(folder)
    assert (loaded.calibration, loaded.temperature) == (None, 1.7)


@pytest.mark.parametrize("stored", [None, {}, {"knots": [0], "low": [1], "high": [0]}])
def test_a_calibration_that_makes_no_sense_is_refused(stored: Any, folder: Path) -> None:
    edit(folder, calibration=stored)
    with pytest.raises(WeightsError, match="calibration in manifest.json makes no sense"):
        load_model(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "\udcff"])
def test_a_damaged_manifest_is_named(content: str, folder: Path) -> None:
    (folder / "manifest.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(WeightsError, match=r"manifest\.json is (damaged|not a model description)"):
        load_manifest(folder)


@pytest.mark.parametrize("key", ["format", "backbone", "temperature", "sha256", "metrics", "bands"])
def test_a_manifest_without_a_required_entry_is_refused(key: str, folder: Path) -> None:
    edit(folder, key)
    with pytest.raises(WeightsError, match="is not a model description of format 1"):
        load_manifest(folder)


def test_a_manifest_of_a_later_format_is_refused(folder: Path) -> None:
    edit(folder, format=2)
    with pytest.raises(WeightsError, match="is not a model description of format 1"):
        load_model(folder)


@pytest.mark.parametrize("name", ["manifest.json", "model.safetensors"])
def test_a_missing_file_is_named_with_the_remedy(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=f"{name} does not exist. Check out the assets folder"):
        load_model(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"nowhere/manifest\.json does not exist"):
        load_model(tmp_path / "nowhere")
