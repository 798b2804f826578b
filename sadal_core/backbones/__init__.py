"""The backbones by name. To add one: a file here and a line below."""

from typing import Final

from sadal_core.backbones.mobilefacenet import MobileFaceNet
from sadal_core.backbones.resnet import HalfResNet18
from sadal_core.backbones.spec import BackboneSpec

BACKBONES: Final[dict[str, BackboneSpec]] = {
    "mobilefacenet": BackboneSpec(
        MobileFaceNet, 512, "Chen et al., MobileFaceNets, CCBR 2018, arXiv 1804.07573"
    ),
    "resnet18-half": BackboneSpec(
        HalfResNet18, 256, "He et al., Deep Residual Learning, CVPR 2016, arXiv 1512.03385"
    ),
}
