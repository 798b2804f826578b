import numpy as np
import torch

from sadal_core.evaluation.predict import age_logits, predictions
from sadal_core.model import AgeModel
from tests.planted import planted_crops


def test_predictions_of_no_faces_are_empty(tiny: AgeModel) -> None:
    made = predictions(tiny, np.empty((0, 101), np.float32), np.empty(0))
    assert all(len(column) == 0 for column in made)


def test_logits_of_many_crops_are_those_of_each() -> None:
    torch.manual_seed(0)
    model = AgeModel("resnet18-half").eval()
    images = list(planted_crops(70).images)  # more than one batch
    together = age_logits(model, images)
    assert together.shape == (70, 101)
    alone = age_logits(model, [images[66]])
    assert np.allclose(together[66], alone[0], atol=1e-4)
    assert age_logits(model, []).shape == (0, 101)
