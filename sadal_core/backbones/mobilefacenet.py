"""MobileFaceNet without its verification head: 112 px face to 512 pooled features."""

from collections import OrderedDict
from operator import ge
from pathlib import Path
from pickle import UnpicklingError

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.ops import Conv2dNormActivation

from sadal_core.backbones.spec import Backbone
from sadal_core.errors import WeightsError

# expansion, channels, blocks, stride of the first block (Chen et al. 2018, table 1)
_SETTINGS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))

_PROJECTION = "conv.2.weight"  # of an InvertedResidual


class DepthwiseSeparable(nn.Module):
    """3 x 3 depthwise and 1 x 1 pointwise convolution, each with batch norm and ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Float[Tensor, "batch c h w"]) -> Float[Tensor, "batch c h w"]:
        """Feature map of the same shape."""
        x = self.bn1(self.depthwise(x)).relu()
        return self.bn2(self.pointwise(x)).relu()


class MobileFaceNet(Backbone):
    """Trunk of MobileFaceNet with global average pooling in place of the depthwise head.

    Chen et al., "MobileFaceNets", CCBR 2018, table 1. Departs: average pooling after the
    512-channel convolution, since the global depthwise convolution and the 128-d layer behind
    it are trained to forget age. Parameter names follow the released PyTorch weights.

    Args:
        widening: how many times as many channels each block has inside, between its expansion and
            its projection.
    """

    def __init__(self, widening: int = 1) -> None:
        super().__init__()
        self.conv1 = Conv2dNormActivation(3, 64, stride=2, activation_layer=nn.ReLU6)
        self.dw_conv = DepthwiseSeparable(64)
        blocks, channels = [], 64
        for expansion, width, count, stride in _SETTINGS:
            for number in range(count):
                step = stride if number == 0 else 1
                blocks.append(InvertedResidual(channels, width, step, expansion * widening))
                channels = width
        self.features = nn.Sequential(*blocks)
        self.conv2 = Conv2dNormActivation(channels, 512, kernel_size=1, activation_layer=nn.ReLU6)

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """Parts from input to output, one per resolution change."""
        ends, parts = [], [nn.Sequential(self.conv1, self.dw_conv)]
        for _, _, count, _ in _SETTINGS:
            ends.append((ends[-1] if ends else 0) + count)
        starts = [0, *ends[:-1]]
        parts += [self.features[a:b] for a, b in zip(starts, ends, strict=True)]
        return (*parts, self.conv2)


def load_face_weights(backbone: nn.Module, path: Path) -> None:
    """Initialise a `MobileFaceNet` from released face-recognition weights, in place.

    Raises:
        WeightsError: the file is missing, or is of another network.
    """
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        own = backbone.state_dict()
        backbone.load_state_dict(OrderedDict((key, state[key]) for key in own))
    except FileNotFoundError:
        raise WeightsError(f"{path} does not exist. Give the initialisation weights.") from None
    except (KeyError, RuntimeError, TypeError, ValueError, EOFError, OSError, UnpicklingError) as e:
        raise WeightsError(f"{path} does not hold weights of this backbone.") from e


@torch.no_grad()
def start_from(backbone: nn.Module, narrower: nn.Module) -> None:
    """Let a `MobileFaceNet` give the features of an equal or narrower one, in place.

    Channels that it has beyond those keep their fresh weights and count nothing at first: their
    columns of the projection are zero, and learn (as in Chen et al., "Net2Net", ICLR 2016, the
    wider network starts as the same function; the new channels are fresh, not copies, because
    copies would learn alike).

    Raises:
        WeightsError: `narrower` is another network, or a wider one.
    """
    own, given = backbone.state_dict(), narrower.state_dict()
    if own.keys() != given.keys() or not all(
        _holds(own[name].shape, tensor.shape) for name, tensor in given.items()
    ):
        raise WeightsError(
            "The model to start from has another backbone, or a wider one. Give one of the same."
        )
    for name, tensor in given.items():
        if name.endswith(_PROJECTION):
            own[name].zero_()
        own[name][tuple(slice(size) for size in tensor.shape)] = tensor


def _holds(larger: torch.Size, smaller: torch.Size) -> bool:
    return len(larger) == len(smaller) and all(map(ge, larger, smaller))
