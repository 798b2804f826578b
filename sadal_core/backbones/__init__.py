"""The backbones by name. To add one: a file here and a line below."""

from functools import partial
from typing import Final

from sadal_core.backbones.mobilefacenet import MobileFaceNet
from sadal_core.backbones.resnet import HalfResNet18
from sadal_core.backbones.spec import BackboneSpec
from sadal_core.faces.align import CropSpec

_MOBILEFACENET = "Chen et al., MobileFaceNets, CCBR 2018, arXiv 1804.07573"

BACKBONES: Final[dict[str, BackboneSpec]] = {
    "mobilefacenet": BackboneSpec(MobileFaceNet, 512, _MOBILEFACENET),
    "mobilefacenet-160": BackboneSpec(
        MobileFaceNet, 512, _MOBILEFACENET, CropSpec(size=160, margin=12)
    ),
    "mobilefacenet-wide": BackboneSpec(partial(MobileFaceNet, widening=3), 512, _MOBILEFACENET),
    "resnet18-half": BackboneSpec(
        HalfResNet18, 256, "He et al., Deep Residual Learning, CVPR 2016, arXiv 1512.03385"
    ),
}
