import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from sadal_core.errors import WeightsError
from sadal_core.generator import GENERATORS, HardNegativeGenerator
from sadal_core.generator_file import load_generator, save_generator
from sadal_core.hard_negatives import HardNegatives, hard_negatives
from sadal_core.metric import MetricModel
from sadal_core.objective import Objective
from sadal_core.quadruplets import QuadrupletSampler
from tests.planted_metric import planted_faces, planted_metric

FEATURES, HIDDEN = 12, 7
MODEL = "a" * 64
SHAPE: dict[str, Any] = {"features": FEATURES, "kind": "linear", "hidden": HIDDEN}


def generator(kind: str = "linear", *, seed: int = 0) -> HardNegativeGenerator:
    torch.manual_seed(seed)
    return HardNegativeGenerator(FEATURES, kind=kind, hidden=HIDDEN)


def saved(path: Path, net: HardNegativeGenerator, **about: Any) -> Path:
    known = {"model": MODEL, "command": "python -m sadal_core train", **about}
    save_generator(path, net, features=FEATURES, hidden=HIDDEN, about=known)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return saved(tmp_path / "generators" / "linear.safetensors", generator())


def made_by(net: HardNegativeGenerator) -> HardNegatives:
    """What it makes of planted faces in a metric."""
    faces = planted_faces(40)
    metric: MetricModel = planted_metric(faces)
    quadruplets = QuadrupletSampler(faces.ages, seed=3).epoch(0)
    x = metric.standardise(torch.from_numpy(faces.features))
    return hard_negatives(net, metric.head, x, faces.ages, quadruplets, Objective())


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_generator_read_again_makes_the_same_negatives(kind: str, tmp_path: Path) -> None:
    net = generator(kind)
    read = load_generator(saved(tmp_path / "g.safetensors", net), model=MODEL)
    assert (read.kind, read.training) == (kind, False)
    first, second = made_by(net), made_by(read)
    assert len(first) > 20
    np.testing.assert_array_equal(first.features, second.features)
    np.testing.assert_array_equal(first.distance_after, second.distance_after)
    if kind != "midpoint":  # which has no weights
        other = made_by(generator(kind, seed=1))
        assert np.abs(other.features - first.features).max() > 0.1


def test_what_is_read_does_not_depend_on_the_seed(path: Path) -> None:
    torch.manual_seed(5)
    one = load_generator(path, model=MODEL).state_dict()
    torch.manual_seed(6)
    for name, tensor in load_generator(path, model=MODEL).state_dict().items():
        assert torch.equal(tensor, one[name])


def test_a_file_in_a_new_folder_is_whole_and_alone(path: Path) -> None:
    assert [other.name for other in path.parent.iterdir()] == [path.name]
    before = path.read_bytes()
    saved(path, generator(seed=1))
    assert path.read_bytes() != before
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def refused(path: Path, words: str, *, model: str = MODEL) -> None:
    """It is refused in one sentence about the file and one about what to do."""
    with pytest.raises(WeightsError) as caught:
        load_generator(path, model=model)
    said = str(caught.value)
    assert said.startswith(f"{path} {words}")
    assert "Train it" in said
    assert "\n" not in said


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    refused(tmp_path / "linear.safetensors", "does not exist. Train it: python -m sadal_core train")
    refused(tmp_path, "does not exist")  # a folder is no file


def test_a_generator_of_another_model_is_refused(path: Path, tmp_path: Path) -> None:
    refused(path, "was trained for another model", model="b" * 64)
    refused(path, "was trained for another model", model="")
    nameless = tmp_path / "nameless.safetensors"
    save_generator(nameless, generator(), features=FEATURES, hidden=HIDDEN, about={})
    refused(nameless, "was trained for another model")


@pytest.mark.parametrize("share", [0.0, 0.004, 0.1, 0.5, 0.99])
def test_a_file_that_was_cut_short_is_damaged(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path, "is damaged")


@pytest.mark.parametrize("content", [b"no weights at all", b"\0" * 4096, b"{}" * 99])
def test_something_else_is_damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refused(path, "is damaged")


@pytest.mark.parametrize("bit", range(8))
def test_a_bit_that_was_flipped_in_the_length_of_the_header_is_noticed(
    path: Path, bit: int
) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1 << bit
    path.write_bytes(content)
    refused(path, "is damaged")


@pytest.mark.parametrize("name", [b"net.0.weight", b"features", b"shape", b"about", b"F32"])
def test_a_letter_that_was_flipped_in_a_name_is_noticed(path: Path, name: bytes) -> None:
    content = path.read_bytes()
    at = content.index(name) + 2
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    refused(path, "is damaged")


def test_numbers_of_another_kind_are_noticed(path: Path) -> None:
    """One letter of the header, and the same bytes are other weights."""
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"dtype":"F32"', b'"dtype":"I32"', 1))
    assert path.read_bytes() != content
    with pytest.raises(WeightsError, match="is damaged"):
        load_generator(path, model=MODEL)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        {"shape": json.dumps(SHAPE)},
        {"about": json.dumps({"model": MODEL})},
        {"shape": "", "about": "{}"},
        {"shape": "{", "about": "{}"},
        {"shape": "[1, 2]", "about": "{}"},
        {"shape": json.dumps({"features": FEATURES, "kind": "linear"}), "about": "{}"},
        {"shape": json.dumps({**SHAPE, "features": "many"}), "about": "{}"},
        {"shape": json.dumps({**SHAPE, "features": FEATURES + 1}), "about": "{}"},
        {"shape": json.dumps({**SHAPE, "hidden": HIDDEN + 1}), "about": "{}"},
        {"shape": json.dumps({**SHAPE, "kind": "mlp"}), "about": "{}"},
        {"shape": json.dumps({**SHAPE, "kind": "midpoint"}), "about": "{}"},
    ],
)
def test_weights_that_do_not_say_of_what_they_are_are_damaged(
    path: Path, metadata: dict[str, str] | None
) -> None:
    save_file(load_file(path), path, metadata)
    refused(path, "is damaged")


@pytest.mark.parametrize("change", ["one is missing", "one too many", "another shape"])
def test_other_weights_are_damaged(path: Path, change: str) -> None:
    tensors = load_file(path)
    if change == "one is missing":
        del tensors["net.1.bias"]
    elif change == "one too many":
        tensors["net.2.bias"] = torch.zeros(3)
    else:
        tensors["net.1.bias"] = torch.zeros(FEATURES + 1)
    metadata = {"shape": json.dumps(SHAPE), "about": json.dumps({"model": MODEL})}
    save_file(tensors, path, metadata)
    refused(path, "is damaged")
