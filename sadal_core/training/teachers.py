"""What finished models say of training faces, for another one to follow."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sadal_core.backbones import BACKBONES
from sadal_core.errors import ConfigError
from sadal_core.evaluation.predict import age_logits
from sadal_core.model import AgeModel
from sadal_core.training.config import TrainConfig
from sadal_core.training.faces import FaceSet


def check_teachers(teachers: Sequence[AgeModel], config: TrainConfig) -> None:
    """Refuse teachers that the settings of a run do not go with.

    Raises:
        ConfigError: teachers without distillation, or the other way round; taught_on=face without
            teachers, or with teachers that look at faces in another crop.
    """
    if bool(teachers) != (config.distillation > 0):
        raise ConfigError("Teachers need the setting distillation above 0, and it needs teachers.")
    if config.taught_on == "face" and not teachers:
        raise ConfigError("The setting taught_on=face needs teachers.")
    crop = BACKBONES[config.backbone].crop
    if config.taught_on == "face" and any(teacher.spec.crop != crop for teacher in teachers):
        raise ConfigError("With taught_on=face, teachers need the same crop as the model.")


@torch.no_grad()
def taught_on_views(
    teachers: Sequence[AgeModel], views: Float[Tensor, "batch 3 side side"]
) -> Float[Tensor, "batch ages"]:
    """Mean distribution of the teachers, each of which sees the views at its own size."""
    made = []
    for teacher in teachers:
        side = teacher.spec.crop.size
        if side != views.shape[-1]:
            seen = functional.interpolate(views, (side, side), mode="bilinear", antialias=True)
        else:
            seen = views
        made.append(torch.softmax(teacher.logits(teacher.backbone(seen)).float(), dim=1))
    return torch.stack(made).mean(dim=0)


def taught_on_faces(teachers: Sequence[AgeModel], faces: FaceSet) -> Float[Tensor, "faces ages"]:
    """Mean distribution of the teachers on unchanged faces and their mirror images."""
    for teacher in teachers:
        if teacher.head.weight.device.type != "cpu":
            teacher.engine = None  # which runs on processors alone
    images = [faces.image(index) for index in range(len(faces))]
    made = [torch.from_numpy(age_logits(teacher, images)).softmax(dim=1) for teacher in teachers]
    return torch.stack(made).mean(dim=0)
