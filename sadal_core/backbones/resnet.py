"""A half-width ResNet-18: the smallest common residual network that reads age well."""

from torch import nn
from torchvision.models import resnet
from torchvision.ops import Conv2dNormActivation

from sadal_core.backbones.spec import Backbone


class HalfResNet18(Backbone):
    """ResNet-18 (He et al. 2016, table 1) with half the channels and a stride-2 stem."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Conv2dNormActivation(3, 32, stride=2)
        widths = (32, 64, 128, 256)
        self.layers = nn.ModuleList(
            nn.Sequential(_block(before, width, 1 if width == 32 else 2), _block(width, width, 1))
            for before, width in zip((32, *widths), widths, strict=False)
        )

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """Parts from input to output, one per resolution change."""
        return (self.stem, *self.layers)


def _block(before: int, width: int, stride: int) -> resnet.BasicBlock:
    if before == width and stride == 1:
        return resnet.BasicBlock(before, width)
    shortcut = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))
    return resnet.BasicBlock(before, width, stride, shortcut)
