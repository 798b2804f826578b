"""The last stages of the backbone learned anew from few faces, before anything is read off it.

What the stages below make of a face is computed once for all folds, because they stay as they are.

Letters: C, H, W of a feature map.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from sadal_core.ages import gaussian_labels
from sadal_core.faces.align import CropSpec, centre
from sadal_core.features import FeatureSet
from sadal_core.model import AgeModel
from sadal_core.training.augment import augment
from sadal_core.training.steps import age_loss

_BATCH = 64
Maps = Float[np.ndarray, "views samples c h w"]  # the last two: the face and its mirror image


@dataclass(frozen=True)
class Tuning:
    """Settings of the tuning, which is the age stage on few faces.

    Attributes:
        stages: how many of the last ones learn; batch statistics stay as they are.
        views: varied views of each face, beside the face and its mirror image.
        epochs: passes over the faces, each in one of its views.
        batch_size: faces per step.
        learning_rate: of the stages at the start; it falls to zero as half a cosine.
        head_rate: the head learns as many times faster.
        weight_decay: of AdamW.
        label_sigma: width of the label distribution in years.
        expectation_weight: see `TrainConfig`.
        dropout: before the head.
        seed: of the views, the order and dropout.
    """

    stages: int = 3
    views: int = 8
    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 1e-3
    head_rate: float = 3.0
    weight_decay: float = 0.05
    label_sigma: float = 2.0
    expectation_weight: float = 0.5
    dropout: float = 0.2
    seed: int = 1


class Tuned(NamedTuple):
    """What was made of some faces by a backbone tuned on others of them.

    Attributes:
        faces: features of all of them.
        head: learned with the stages.
    """

    faces: FeatureSet
    head: nn.Linear


TUNING: Final = Tuning()  # laid out on ten folds over persons of FG-NET


@torch.inference_mode()
def lower_maps(
    model: AgeModel, crops: UInt8[np.ndarray, "faces canvas canvas 3"], tuning: Tuning = TUNING
) -> Maps:
    """Output of the stages that stay for every view of stored `crops`, in half precision."""
    below = model.backbone.stages[: -tuning.stages]
    views = _views(crops, model.spec.crop, tuning)
    return np.stack([np.concatenate(list(_through(below, model, view))) for view in views])


def tuned(
    model: AgeModel,
    maps: Maps,
    ages: Float[np.ndarray, " faces"],
    train: Bool[np.ndarray, " faces"],
    tuning: Tuning = TUNING,
) -> tuple[AgeModel, Float[Tensor, "faces 2 features"]]:
    """A copy of `model` with stages and head tuned on some faces, and its features of all.

    The loss is that of the age stage. Nothing of the other faces is used, neither picture nor age.
    Features of the faces that were learned from fit their ages better than those of others do: what
    is chosen by errors on them, such as a penalty, is chosen too boldly.

    Args:
        model: left as it is.
        maps: of all faces, see `lower_maps`.
        ages: of all faces, in years.
        train: the faces to learn from.
        tuning: settings.
    """
    model = copy.deepcopy(model).eval()
    model.engine = None  # it runs the weights of before
    upper = nn.Sequential(*model.backbone.stages[-tuning.stages :])
    upper.requires_grad_(True).to(memory_format=torch.channels_last)
    _learn(model, upper, maps, ages, np.flatnonzero(train), tuning)
    with torch.inference_mode():
        sides = [torch.cat([_pooled(upper, part) for part in _batches(view)]) for view in maps[-2:]]
    return model, torch.stack([side.clone() for side in sides], dim=1)


def _learn(
    model: AgeModel,
    upper: nn.Module,
    maps: Maps,
    ages: Float[np.ndarray, " faces"],
    known: np.ndarray,
    tuning: Tuning,
) -> None:
    size = min(tuning.batch_size, len(known))
    steps = tuning.epochs * (len(known) // size)
    optimizer = torch.optim.AdamW(
        [
            {"params": list(upper.parameters())},
            {
                "params": list(model.head.parameters()),
                "lr": tuning.learning_rate * tuning.head_rate,
            },
        ],
        lr=tuning.learning_rate,
        weight_decay=tuning.weight_decay,
    )
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    rng = np.random.default_rng(tuning.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(tuning.seed)
        for _ in range(tuning.epochs):
            order = rng.permutation(known)[: len(known) // size * size]
            for faces in order.reshape(-1, size):
                views = rng.integers(0, len(maps), size)
                features = functional.dropout(_pooled(upper, maps[views, faces]), tuning.dropout)
                true = torch.from_numpy(ages[faces])
                labels = gaussian_labels(true, sigma=tuning.label_sigma)
                divergence, error = age_loss(model.head(features), labels, true)
                optimizer.zero_grad(set_to_none=True)
                (divergence.mean() + tuning.expectation_weight * error.mean()).backward()
                nn.utils.clip_grad_norm_(upper.parameters(), 5.0)
                optimizer.step()
                falling.step()


def _pooled(upper: nn.Module, maps: np.ndarray) -> Float[Tensor, "batch features"]:
    x = torch.tensor(maps, dtype=torch.float32).contiguous(memory_format=torch.channels_last)
    return upper(x).mean(dim=(2, 3))


def _through(
    below: tuple[nn.Module, ...], model: AgeModel, faces: np.ndarray
) -> Iterator[Float[np.ndarray, "batch c h w"]]:
    for part in _batches(faces):
        x = model.spec.preprocess(part)
        for stage in below:
            x = stage(x)
        yield x.half().contiguous().numpy()


def _views(
    crops: UInt8[np.ndarray, "faces canvas canvas 3"], spec: CropSpec, tuning: Tuning
) -> Iterator[UInt8[np.ndarray, "faces side side 3"]]:
    for view in range(tuning.views):
        rngs = (np.random.default_rng((tuning.seed, view, face)) for face in range(len(crops)))
        yield np.stack([augment(crop, spec, rng) for crop, rng in zip(crops, rngs, strict=True)])
    faces = centre(crops, spec)
    yield faces
    yield faces[:, :, ::-1]


def _batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
