"""One optimisation step of the age stage, and the rates that drive it."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from sadal_core.ages import expectation
from sadal_core.model import AgeModel
from sadal_core.training.config import TrainConfig
from sadal_core.training.distributed import mean_of_all
from sadal_core.training.teachers import taught_on_views
from sadal_core.training.views import Batch


class LossTerms(NamedTuple):
    """Mean over the batch: divergence in nats, absolute error of the expectation in years."""

    divergence: float
    error: float


def age_loss(
    logits: Float[Tensor, "batch ages"],
    labels: Float[Tensor, "batch ages"],
    ages: Float[Tensor, " batch"],
) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    r"""Divergence and expectation error, one value per face.

    .. math:: KL(D \| p) = \sum_k D_k (\ln D_k - \ln p_k), \qquad |\sum_k k p_k - y|

    Reference: Gao et al., "Age Estimation Using Expectation of Label Distribution Learning"
    (DLDL-v2), IJCAI 2018, eqs. 4 and 6.
    """
    log_p = torch.log_softmax(logits, dim=1)
    divergence = (torch.special.xlogy(labels, labels) - labels * log_p).sum(dim=1)
    return divergence, (expectation(log_p.exp()) - ages).abs()


def train_step(
    model: AgeModel,
    batch: Batch,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    teachers: Sequence[AgeModel] = (),
    averaged: Callable[[Tensor], Tensor] = lambda loss: loss,
) -> LossTerms:
    r"""Update `model` on one batch.

    With teachers, who see the same view or saw the unchanged face before, the loss is
    :math:`(1 - w) L(D, y) + w L(\bar p, E[\bar p])`, L the loss above and :math:`\bar p` the
    teachers' mean distribution (Beyer et al., "Knowledge Distillation: A Good Teacher Is Patient
    and Consistent", CVPR 2022, where both see the same view).

    Args:
        model: to be updated, in the mode for the epoch.
        batch: the faces, or this process's share of them.
        optimizer: of `model`.
        config: settings of the run.
        teachers: whom it follows on the same view.
        averaged: see `distributed.averaging`; the terms are means over the whole batch, too.
    """
    device = model.head.weight.device
    faces = model.spec.preprocess(batch.crops, device)
    ages, labels = batch.ages.to(device), batch.labels.to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
        logits = model(faces)
        taught = taught_on_views(teachers, faces) if teachers else batch.taught
    divergence, error = age_loss(logits.float(), labels, ages)
    loss = divergence.mean() + config.expectation_weight * error.mean()
    if taught is not None:
        taught = taught.to(device)
        apart, off = age_loss(logits.float(), taught, expectation(taught))
        following = apart.mean() + config.expectation_weight * off.mean()
        loss = (1 - config.distillation) * loss + config.distillation * following
    optimizer.zero_grad(set_to_none=True)
    averaged(loss).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    terms = torch.stack([divergence.mean(), error.mean()]).detach()
    return LossTerms(*mean_of_all(terms).tolist())


def make_optimizer(model: AgeModel, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW with three groups: stages frozen at first, other stages, head."""
    frozen = frozen_parameters(model, config)
    known = {id(p) for p in frozen} | {id(p) for p in model.head.parameters()}
    open_stages = [p for p in model.backbone.parameters() if id(p) not in known]
    groups = [
        {"params": frozen, "factor": config.full_rate},
        {"params": open_stages, "factor": 1.0},
        {"params": list(model.head.parameters()), "factor": config.head_rate},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], weight_decay=config.weight_decay
    )


def set_rates(optimizer: torch.optim.Optimizer, config: TrainConfig, progress: float) -> None:
    """Linear warm-up, then a half cosine to zero; `progress` is the share of all steps done."""
    if progress < config.warmup:
        level = progress / config.warmup
    else:
        rest = (progress - config.warmup) / max(1e-9, 1 - config.warmup)
        level = 0.5 * (1 + math.cos(math.pi * min(1.0, rest)))
    for group in optimizer.param_groups:
        group["lr"] = config.learning_rate * group["factor"] * level


def frozen_parameters(model: AgeModel, config: TrainConfig) -> list[nn.Parameter]:
    """Parameters of the stages that are frozen at first."""
    return [p for stage in _frozen_stages(model, config) for p in stage.parameters()]


def set_mode(model: AgeModel, config: TrainConfig, epoch: int) -> None:
    """Training mode for `epoch`: frozen stages neither learn nor update their batch statistics."""
    model.train()
    frozen = epoch < config.epochs - config.full_epochs
    for stage in _frozen_stages(model, config):
        stage.requires_grad_(not frozen)
        stage.train(not frozen)


def _frozen_stages(model: AgeModel, config: TrainConfig) -> tuple[nn.Module, ...]:
    return model.backbone.stages[: config.frozen_stages]


class WeightAverage:
    """Exponential moving average of a model's weights and batch statistics."""

    def __init__(self, model: AgeModel, decay: float) -> None:
        self.decay = decay
        self.model = _copy_of(model)

    @torch.no_grad()
    def update(self, model: AgeModel, step: int) -> None:
        """Move towards `model`; early on faster, so that the start is forgotten."""
        decay = min(self.decay, (1 + step) / (10 + step))
        mine, new = self.model.state_dict(), model.state_dict()
        real = [name for name, value in mine.items() if value.is_floating_point()]
        average = get_ema_multi_avg_fn(decay)
        average([mine[name] for name in real], [new[name] for name in real], None)
        for name in mine.keys() - set(real):
            mine[name].copy_(new[name])


def _copy_of(model: AgeModel) -> AgeModel:
    copy = AgeModel(model.backbone_name).to(model.head.weight.device)
    copy.load_state_dict(model.state_dict())
    return copy.eval().requires_grad_(False)
