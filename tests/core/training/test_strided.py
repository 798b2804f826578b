import pytest
import torch
from torch import nn

from sadal_core.backbones import BACKBONES
from sadal_core.training.strided import StridedDepthwise, with_fast_gradients

FACES = (3, 3, 64, 64)


def plain(channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 3, 2, 1, groups=channels, bias=False)


@pytest.mark.parametrize("side", [1, 2, 5, 8])
def test_gradients_are_those_of_the_convolution(side: int) -> None:
    torch.manual_seed(0)
    layer = plain(3).double()
    fast = StridedDepthwise(layer).double()
    x = torch.randn(2, 3, side, side, dtype=torch.double, requires_grad=True)
    torch.testing.assert_close(fast(x), layer(x))
    assert torch.autograd.gradcheck(fast, x)
    assert torch.autograd.gradcheck(
        lambda weight: torch.func.functional_call(fast, {"weight": weight}, x), fast.weight
    )


@pytest.mark.parametrize("name", ["mobilefacenet", "resnet18-half"])
def test_a_backbone_learns_as_before(name: str) -> None:
    """Weights keep their names; features and gradients are the same, in the mode for training."""
    torch.manual_seed(0)
    made = [BACKBONES[name].build() for _ in range(2)]
    made[1].load_state_dict(made[0].state_dict())
    with_fast_gradients(made[1])
    exchanged = sum(type(layer) is StridedDepthwise for layer in made[1].modules())
    assert exchanged == {"mobilefacenet": 3, "resnet18-half": 0}[name]
    made[1].load_state_dict(made[0].state_dict())
    faces, goal = torch.randn(FACES), torch.randn(FACES[0], BACKBONES[name].features)
    for backbone in made:
        backbone.train()
        (backbone(faces) * goal).sum().backward()
    for (key, one), (_, two) in zip(*(b.named_parameters() for b in made), strict=True):
        assert one.grad is not None
        torch.testing.assert_close(two.grad, one.grad, rtol=2e-3, atol=2e-3, msg=key)


def test_under_autocast_values_and_gradients_are_of_the_low_precision() -> None:
    torch.manual_seed(0)
    layer = plain(8)
    fast = StridedDepthwise(layer)
    x = torch.randn(2, 8, 16, 16)
    results = []
    for one in (layer, fast):
        seen = x.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            made = one(seen)
        assert made.dtype is torch.bfloat16
        made.float().square().sum().backward()
        assert one.weight.grad is not None
        results.append((made, seen.grad, one.weight.grad))
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0.02, atol=0.05)


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(4, 4, 3, 1, 1, groups=4, bias=False),  # of stride 1
        nn.Conv2d(4, 4, 3, 2, 1, bias=False),  # across channels
        nn.Conv2d(4, 8, 3, 2, 1, groups=4, bias=False),  # two filters a channel
        nn.Conv2d(4, 4, 5, 2, 2, groups=4, bias=False),
        nn.Conv2d(4, 4, 3, 2, 1, groups=4),  # with a bias
    ],
)
def test_other_convolutions_stay(other: nn.Conv2d) -> None:
    model = nn.Sequential(other)
    with_fast_gradients(model)
    assert model[0] is other
