import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from sadal_core.backbones import BACKBONES
from sadal_core.cli import main
from sadal_core.errors import WeightsError
from sadal_core.manifest import BUNDLED_MODEL, ONNX
from sadal_core.model import AgeModel
from sadal_core.onnx_backbone import OnnxBackbone, write_onnx
from sadal_core.weights import load_model, save_model

ABOUT = {"metrics": {}, "bands": []}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with its backbone for ONNX Runtime."""
    torch.manual_seed(4)
    folder = tmp_path_factory.mktemp("model")
    save_model(AgeModel("resnet18-half"), folder, {**ABOUT, "backbone": "resnet18-half"})
    assert main(["onnx", "--model", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_gives_the_same_features_in_both_engines(
    name: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    torch.manual_seed(3)
    spec = BACKBONES[name]
    backbone = spec.build().eval()
    write_onnx(backbone, spec.crop.size, tmp_path / ONNX)
    engine = OnnxBackbone(tmp_path / ONNX)
    side = spec.crop.size
    for count in (1, 3):
        faces = spec.preprocess(rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8))
        with torch.inference_mode():
            torch.testing.assert_close(engine(faces), backbone(faces), rtol=1e-3, atol=1e-4)


def test_the_bundled_model_estimates_alike_in_both_engines(astronaut: np.ndarray) -> None:
    model, _ = load_model(BUNDLED_MODEL)
    assert model.engine is not None
    side = model.spec.crop.size
    crops = np.stack([astronaut[:side, :side], astronaut[60 : 60 + side, 150 : 150 + side]])
    fast = model.predict(crops)
    model.engine = None
    plain = model.predict(crops)
    np.testing.assert_allclose(fast.probabilities, plain.probabilities, atol=1e-4)
    np.testing.assert_allclose(fast.embeddings, plain.embeddings, atol=1e-4)


def test_a_face_and_its_mirror_image_are_of_one_age(astronaut: np.ndarray) -> None:
    model, _ = load_model(BUNDLED_MODEL)
    side = model.spec.crop.size
    crop = astronaut[None, 60 : 60 + side, 150 : 150 + side]
    one, other = model.predict(crop), model.predict(np.ascontiguousarray(crop[:, :, ::-1]))
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)
    np.testing.assert_allclose(one.features, other.features, atol=1e-5)


def test_a_model_folder_runs_its_own_file(folder: Path, rng: np.random.Generator) -> None:
    model, manifest = load_model(folder)
    assert manifest["onnx_sha256"]
    crops = rng.integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)
    fast = model.predict(crops).probabilities
    model.engine = None
    np.testing.assert_allclose(fast, model.predict(crops).probabilities, atol=1e-4)


def test_a_model_travels_to_worker_processes(folder: Path) -> None:
    model, _ = load_model(folder)
    crops = np.zeros((1, 112, 112, 3), np.uint8)
    there = copy.deepcopy(model)  # by the same protocol, `__reduce__`
    np.testing.assert_array_equal(there.predict(crops).ages, model.predict(crops).ages)


def test_new_weights_do_not_keep_the_file_of_the_old_ones(folder: Path, tmp_path: Path) -> None:
    model, manifest = load_model(folder)
    for name in (ONNX, "manifest.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    save_model(model, tmp_path, manifest)
    assert not (tmp_path / ONNX).exists()
    assert load_model(tmp_path)[0].engine is None


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("missing", "backbone.onnx does not exist. Check out the assets folder again."),
        ("changed", "backbone.onnx is damaged or is not the file that its manifest describes"),
    ],
)
def test_a_damaged_file_is_named_with_the_remedy(
    damage: str, message: str, folder: Path, tmp_path: Path
) -> None:
    for name in (ONNX, "manifest.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    if damage == "missing":
        (tmp_path / ONNX).unlink()
    else:
        (tmp_path / ONNX).write_bytes(b"no network")
    with pytest.raises(WeightsError, match=message):
        load_model(tmp_path)


def test_what_is_no_network_is_named(tmp_path: Path) -> None:
    (tmp_path / ONNX).write_bytes(b"no network")
    with pytest.raises(WeightsError, match="backbone.onnx cannot be run"):
        OnnxBackbone(tmp_path / ONNX)


def test_without_the_package_that_writes_it_the_command_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    before = json.loads((folder / "manifest.json").read_text())
    assert main(["onnx", "--model", str(folder)]) == 2
    assert "pip install 'onnx<1.23'" in capsys.readouterr().err
    assert json.loads((folder / "manifest.json").read_text()) == before


def test_its_runtime_tells_nobody_about_it(tmp_path: Path) -> None:
    """Where it does, it keeps an identity of the device below the home folder."""
    program = (
        "import os; from sadal_core.pipeline import AgeEstimator; import numpy as np\n"
        "estimator = AgeEstimator.from_folder()\n"
        "side = estimator.model.spec.crop.size\n"
        "estimator.model.predict(np.zeros((1, side, side, 3), np.uint8))\n"
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    places = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **places},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["1"]
    assert [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name] == []
    assert not (tmp_path / "Microsoft").exists()
