from dataclasses import replace

import pytest
import torch

from sadal_core.backbones import BACKBONES
from sadal_core.errors import ConfigError
from sadal_core.faces.align import CropSpec
from sadal_core.model import AgeModel
from sadal_core.training.config import TrainConfig
from sadal_core.training.faces import face_sets
from sadal_core.training.teachers import check_teachers, taught_on_faces
from tests.planted import TINY, planted_crops


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKBONES, "tiny", TINY)


def test_teachers_are_asked_about_the_unchanged_face_and_its_mirror_image() -> None:
    faces, _ = face_sets([planted_crops(12)], fraction=0.2, seed=1)
    torch.manual_seed(0)
    teachers = [AgeModel("tiny").eval() for _ in range(2)]
    taught = taught_on_faces(teachers, faces)
    for row in range(len(faces)):
        seen = TINY.preprocess(faces.image(row)[None])
        said = []
        with torch.no_grad():
            for teacher in teachers:
                both = (teacher.backbone(seen) + teacher.backbone(seen.flip(3))) / 2
                said.append(torch.softmax(teacher.head(both)[0], 0))
        torch.testing.assert_close(taught[row], (said[0] + said[1]) / 2, rtol=1e-4, atol=1e-6)


def test_a_teacher_of_faces_in_another_crop_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKBONES, "other", replace(TINY, crop=CropSpec(size=64, margin=4)))
    following = TrainConfig(backbone="tiny", distillation=0.5)
    teachers = [AgeModel("other").eval()]
    check_teachers(teachers, following)  # of the view itself any teacher may say something
    with pytest.raises(ConfigError, match="the same crop"):
        check_teachers(teachers, replace(following, taught_on="face"))
