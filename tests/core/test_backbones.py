from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sadal_core.backbones import BACKBONES
from sadal_core.backbones.mobilefacenet import load_face_weights, start_from
from sadal_core.backbones.spec import Backbone, BackboneSpec
from sadal_core.errors import WeightsError
from sadal_core.faces.align import CropSpec, centre

Built = tuple[Backbone, torch.Tensor, BackboneSpec]


@pytest.fixture(params=BACKBONES, scope="module")
def built(request: pytest.FixtureRequest) -> Built:
    """A backbone in eval with lived-in batch statistics, and a batch of input."""
    spec = BACKBONES[request.param]
    with torch.random.fork_rng():
        torch.manual_seed(7)
        backbone = spec.build()
        crops = np.random.default_rng(7).integers(
            0, 256, (5, spec.crop.size, spec.crop.size, 3), dtype=np.uint8
        )
        faces = spec.preprocess(crops)
        with torch.no_grad():
            backbone.train()(faces)
    return backbone.eval(), faces, spec


@torch.no_grad()
def test_features_have_the_promised_length_and_are_finite(built: Built) -> None:
    backbone, faces, spec = built
    features = backbone(faces)
    assert features.shape == (5, spec.features)
    assert features.isfinite().all()
    assert features.std(dim=0).max() > 0  # they tell faces apart


@torch.no_grad()
def test_the_same_faces_give_the_same_features(built: Built) -> None:
    backbone, faces, _ = built
    torch.testing.assert_close(backbone(faces), backbone(faces), rtol=0, atol=0)


@torch.no_grad()
def test_in_eval_a_face_does_not_depend_on_its_batch(built: Built) -> None:
    backbone, faces, _ = built
    together = backbone(faces)
    for number, face in enumerate(faces):
        torch.testing.assert_close(backbone(face[None])[0], together[number], rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_the_stages_compose_to_the_network(built: Built) -> None:
    backbone, faces, _ = built
    x = faces
    sides = [faces.shape[-1]]
    for stage in backbone.stages:
        x = stage(x)
        sides.append(x.shape[-1])
    torch.testing.assert_close(x.mean(dim=(2, 3)), backbone(faces))
    assert sides == sorted(sides, reverse=True)
    own = {id(p) for stage in backbone.stages for p in stage.parameters()}
    assert own == {id(p) for p in backbone.parameters()}


def test_every_parameter_gets_a_gradient(built: Built) -> None:
    backbone, faces, _ = built
    backbone.zero_grad()
    backbone(faces).square().sum().backward()
    for name, parameter in backbone.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_the_stored_size_is_fit_for_the_repository(built: Built) -> None:
    backbone, _, _ = built
    size = sum(t.numel() * t.element_size() for t in backbone.state_dict().values())
    assert size < 15e6


@pytest.mark.parametrize("name", BACKBONES)
def test_preprocessing_subtracts_the_mean_and_divides_by_the_deviation(name: str) -> None:
    spec = BACKBONES[name]
    crop = np.full((1, spec.crop.size, spec.crop.size, 3), 200, np.uint8)
    crop[0, 3, 5] = (255, 128, 10)
    faces = spec.preprocess(crop)
    for channel, value in enumerate((255, 128, 10)):
        expected = (value / 255 - spec.mean[channel]) / spec.std[channel]
        assert faces[0, channel, 3, 5].item() == pytest.approx(expected, abs=1e-5)
        around = (200 / 255 - spec.mean[channel]) / spec.std[channel]
        assert faces[0, channel, 0, 0].item() == pytest.approx(around, abs=1e-5)


def test_a_dark_face_is_the_same_input_at_half_its_light(rng: np.random.Generator) -> None:
    spec = BACKBONES["mobilefacenet"]
    crop = rng.integers(0, 140, (2, 112, 112, 3), dtype=np.uint8)
    apart = (spec.preprocess(crop) - spec.preprocess((crop // 2).astype(np.uint8))).abs()
    assert apart.max() < 4 / 255 / min(spec.std)
    untouched = replace(spec, white=0)
    assert (untouched.preprocess(crop) - untouched.preprocess(crop // 2)).abs().max() > 0.5


@pytest.mark.parametrize("name", BACKBONES)
def test_stored_crops_and_cut_crops_are_the_same_input(name: str, rng: np.random.Generator) -> None:
    spec = BACKBONES[name]
    stored = rng.integers(0, 256, (2, spec.crop.canvas, spec.crop.canvas, 3), dtype=np.uint8)
    torch.testing.assert_close(
        spec.preprocess(stored), spec.preprocess(centre(stored, spec.crop)), rtol=0, atol=0
    )


def test_outside_the_picture_is_nearly_zero_to_the_network() -> None:
    from sadal_core.faces.align import OUTSIDE

    spec = BACKBONES["mobilefacenet"]
    crop = np.empty((1, 112, 112, 3), np.uint8)
    crop[:] = OUTSIDE
    assert spec.preprocess(crop).abs().max() < 0.02


def test_initial_weights_are_loaded_and_foreign_ones_refused(tmp_path: Path) -> None:
    spec = BACKBONES["mobilefacenet"]
    one, two = spec.build(), spec.build()
    path = tmp_path / "face.pt"
    torch.save({**one.state_dict(), "head.weight": torch.zeros(3)}, path)
    load_face_weights(two, path)
    for name, value in one.state_dict().items():
        torch.testing.assert_close(two.state_dict()[name], value)

    with pytest.raises(WeightsError, match="nothing.pt does not exist"):
        load_face_weights(two, tmp_path / "nothing.pt")
    torch.save(BACKBONES["resnet18-half"].build().state_dict(), path)
    with pytest.raises(WeightsError, match="face.pt does not hold weights of this backbone"):
        load_face_weights(two, path)
    path.write_bytes(b"no weights at all")
    with pytest.raises(WeightsError, match="face.pt does not hold weights of this backbone"):
        load_face_weights(two, path)


def test_the_crop_geometry_of_every_backbone_is_square_and_has_a_margin() -> None:
    for spec in BACKBONES.values():
        assert isinstance(spec.crop, CropSpec)
        assert spec.crop.canvas == spec.crop.size + 2 * spec.crop.margin
        assert spec.source


@torch.no_grad()
@pytest.mark.parametrize("name", ["mobilefacenet", "mobilefacenet-wide"])
def test_a_wider_network_starts_as_the_function_of_the_narrower(name: str) -> None:
    torch.manual_seed(0)
    narrow, wide = BACKBONES["mobilefacenet"].build(), BACKBONES[name].build()
    faces = torch.randn(4, 3, 112, 112)
    narrow.train()(faces)  # lived-in batch statistics
    start_from(wide, narrow)
    torch.testing.assert_close(wide.eval()(faces), narrow.eval()(faces), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(wide.train()(faces), narrow.train()(faces), rtol=1e-3, atol=1e-4)


def test_the_channels_that_a_wider_network_has_beyond_learn() -> None:
    torch.manual_seed(0)
    narrow, wide = BACKBONES["mobilefacenet"].build(), BACKBONES["mobilefacenet-wide"].build()
    start_from(wide, narrow)
    optimizer = torch.optim.SGD(wide.parameters(), 0.1)

    def step() -> None:
        optimizer.zero_grad()
        wide.train()(torch.randn(4, 3, 112, 112)).square().sum().backward()
        optimizer.step()

    step()  # of the projections; what they project follows with the next one
    before = {name: value.clone() for name, value in wide.named_parameters()}
    step()
    after = dict(wide.named_parameters())
    own = dict(narrow.named_parameters())
    for name, value in before.items():
        beyond = torch.ones_like(value, dtype=torch.bool)
        beyond[tuple(slice(size) for size in own[name].shape)] = False
        assert not beyond.any() or (after[name] != value)[beyond].any(), name


@pytest.mark.parametrize(
    ("into", "first"),
    [("resnet18-half", "mobilefacenet"), ("mobilefacenet", "mobilefacenet-wide")],
)
def test_another_or_a_wider_network_is_no_start(into: str, first: str) -> None:
    with pytest.raises(WeightsError, match="another backbone"):
        start_from(BACKBONES[into].build(), BACKBONES[first].build())
