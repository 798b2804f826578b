import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from sadal_core.ages import expectation
from sadal_core.faces.align import CropSpec
from sadal_core.model import AgeModel
from sadal_core.training.config import TrainConfig
from sadal_core.training.faces import face_sets
from sadal_core.training.steps import (
    WeightAverage,
    age_loss,
    make_optimizer,
    set_mode,
    set_rates,
    train_step,
)
from sadal_core.training.teachers import taught_on_views
from sadal_core.training.views import Batch, Epochs
from tests.planted import TINY, planted_crops


def tiny_config(**settings: object) -> TrainConfig:
    return TrainConfig(backbone="tiny", batch_size=16, **settings)  # pyright: ignore[reportArgumentType]


def first_batch(config: TrainConfig) -> Batch:
    train, _ = face_sets([planted_crops(60)], fraction=0.2, seed=1)
    return next(Epochs(train, TINY, config).batches(0))


def test_the_loss_is_the_published_one() -> None:
    torch.manual_seed(1)
    logits = torch.randn(5, 101, dtype=torch.float64)
    labels = torch.softmax(3 * torch.randn(5, 101, dtype=torch.float64), dim=1)
    labels[0] = 0
    labels[0, 7] = 1  # a label without width: 0 ln 0 must count as 0
    ages = torch.tensor([7.0, 30, 99, 0, 55], dtype=torch.float64)
    divergence, error = age_loss(logits, labels, ages)
    for row in range(5):
        p = [math.exp(v) for v in logits[row].tolist()]
        p = [v / sum(p) for v in p]
        kl = sum(d * math.log(d / q) for d, q in zip(labels[row].tolist(), p, strict=True) if d > 0)
        expected = sum(k * q for k, q in enumerate(p))
        assert divergence[row].item() == pytest.approx(kl)
        assert error[row].item() == pytest.approx(abs(expected - ages[row].item()))
    assert len(set(divergence.tolist())) == 5


def test_the_gradient_of_the_loss_is_right() -> None:
    torch.manual_seed(2)
    logits = torch.randn(3, 101, dtype=torch.float64, requires_grad=True)
    labels = torch.softmax(torch.randn(3, 101, dtype=torch.float64), dim=1)
    ages = torch.tensor([3.0, 80, 20], dtype=torch.float64)  # away from |.|'s kink
    assert torch.autograd.gradcheck(lambda x: age_loss(x, labels, ages), (logits,))


def test_steps_lower_the_loss_on_their_batch(tiny: AgeModel) -> None:
    config = tiny_config(learning_rate=3e-3)
    batch = first_batch(config)
    optimizer = make_optimizer(tiny, config)
    set_mode(tiny, config, 0)
    set_rates(optimizer, config, 0.1)
    terms = [train_step(tiny, batch, optimizer, config) for _ in range(30)]
    assert terms[-1].divergence < terms[0].divergence
    assert terms[-1].error < terms[0].error


def test_frozen_stages_stay_as_they_are_until_the_last_epochs(tiny: AgeModel) -> None:
    config = tiny_config(epochs=2, full_epochs=1, frozen_stages=1)
    batch = first_batch(config)
    optimizer = make_optimizer(tiny, config)
    set_rates(optimizer, config, 0.1)
    names = [name for name, _ in tiny.backbone.named_buffers() if "running" in name]
    for epoch, frozen in ((0, True), (1, False)):
        before = {k: v.clone() for k, v in tiny.backbone.state_dict().items()}
        set_mode(tiny, config, epoch)
        train_step(tiny, batch, optimizer, config)
        after = tiny.backbone.state_dict()
        assert torch.equal(before["first.0.weight"], after["first.0.weight"]) == frozen
        assert all(torch.equal(before[name], after[name]) == frozen for name in names)
        assert not torch.equal(before["second.0.weight"], after["second.0.weight"])


def test_rates_rise_then_fall_to_zero_with_a_factor_per_group(tiny: AgeModel) -> None:
    config = tiny_config(frozen_stages=1, learning_rate=1.0, head_rate=4.0, full_rate=0.5)
    optimizer = make_optimizer(tiny, config)

    def rates(progress: float) -> list[float]:
        set_rates(optimizer, config, progress)
        return [group["lr"] for group in optimizer.param_groups]

    assert rates(0) == [0, 0, 0]
    assert rates(config.warmup) == [0.5, 1.0, 4.0]
    assert rates(config.warmup / 2) == pytest.approx([0.25, 0.5, 2.0])
    assert rates(1.0) == pytest.approx([0, 0, 0])
    falling = [rates(progress)[1] for progress in np.linspace(config.warmup, 1, 20)]
    assert falling == sorted(falling, reverse=True)
    grouped = [p for group in optimizer.param_groups for p in group["params"]]
    assert {id(p) for p in grouped} == {id(p) for p in tiny.parameters()}


def test_the_average_follows_the_weights_and_batch_statistics(tiny: AgeModel) -> None:
    average = WeightAverage(tiny, 0.5)
    start = tiny.head.bias.detach().clone()
    with torch.no_grad():
        tiny.head.bias.add_(1)
    average.update(tiny, step=10_000)
    assert torch.allclose(average.model.head.bias, start + 0.5)
    average.update(tiny, step=10_000)
    assert torch.allclose(average.model.head.bias, start + 0.75)
    assert not average.model.training


def test_without_noise_the_teachers_are_followed_by_the_share_that_is_set(tiny: AgeModel) -> None:
    """The gradient of the mixed loss is the mix of the two gradients."""
    teachers = [AgeModel("tiny").eval(), AgeModel("tiny").eval()]
    batch = first_batch(tiny_config())
    tiny.eval()

    def gradient(share: float, batch: Batch, teachers: list[AgeModel]) -> Tensor:
        config = tiny_config(distillation=share)
        optimizer = torch.optim.SGD(tiny.parameters(), lr=0.0)
        train_step(tiny, batch, optimizer, config, teachers)
        assert tiny.head.weight.grad is not None
        return tiny.head.weight.grad.clone()

    faces = TINY.preprocess(batch.crops)
    with torch.no_grad():
        taught = torch.stack([torch.softmax(teacher(faces), 1) for teacher in teachers]).mean(0)
    own, following = (
        gradient(0.0, batch, []),
        gradient(0.0, batch._replace(labels=taught, ages=expectation(taught)), []),
    )
    torch.testing.assert_close(gradient(0.25, batch, teachers), 0.75 * own + 0.25 * following)
    torch.testing.assert_close(gradient(1.0, batch, teachers), following)


def test_a_teacher_sees_the_faces_at_its_own_size(tiny: AgeModel) -> None:
    teacher = AgeModel("tiny").eval()
    teacher.spec = replace(TINY, crop=CropSpec(size=56, margin=4))
    seen: list[torch.Size] = []
    teacher.backbone.register_forward_hook(lambda module, given, made: seen.append(given[0].shape))
    taught = taught_on_views([teacher], torch.zeros(3, 3, 112, 112))
    assert seen == [(3, 3, 56, 56)]
    torch.testing.assert_close(taught.sum(dim=1), torch.ones(3))
