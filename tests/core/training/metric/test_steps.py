from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sadal_core.generator import GENERATORS
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.run import MetricRun
from sadal_core.training.metric.sources import StoredFeatures
from sadal_core.training.metric.start import start_run
from sadal_core.training.metric.steps import generator_step, joint_step, metric_step
from tests.planted_features import planted_features


def started(**changes: object) -> MetricRun:
    small = {"batch_size": 64, "hidden": 16, "dim": 8, "tau": 0.3}
    config = MetricConfig(**{**small, **changes})  # pyright: ignore[reportArgumentType]
    return start_run(StoredFeatures(planted_features()), config)


def copied(module: nn.Module | None) -> list[Tensor]:
    return [p.detach().clone() for p in module.parameters()] if module is not None else []


def changed(module: nn.Module | None, before: list[Tensor]) -> list[bool]:
    return [not torch.equal(*pair) for pair in zip(copied(module), before, strict=True)]


def test_a_generator_step_leaves_the_metric_as_it_is_and_moves_every_weight_of_g() -> None:
    run = started()
    model = run.players.model
    head, generator = copied(model.head), copied(model.generator)
    generator_step(run.players, run.batch(), run.config.objective)
    assert not any(changed(model.head, head))
    assert all(changed(model.generator, generator))
    assert all(p.requires_grad for p in model.head.parameters())  # thawed again


def test_a_metric_step_leaves_the_generator_as_it_is_and_moves_every_weight_of_f() -> None:
    run = started()
    model = run.players.model
    head, generator = copied(model.head), copied(model.generator)
    metric_step(run.players, run.batch(), run.config.objective, synthetic=True)
    assert all(changed(model.head, head))
    assert not any(changed(model.generator, generator))
    assert all(p.grad is None for p in model.generator.parameters())  # pyright: ignore[reportOptionalMemberAccess]


def test_a_joint_step_moves_both() -> None:
    run = started()
    model = run.players.model
    head, generator = copied(model.head), copied(model.generator)
    joint_step(run.players, run.batch(), run.config.objective)
    assert all(changed(model.head, head))
    assert all(changed(model.generator, generator))


@pytest.mark.parametrize("step", [generator_step, joint_step])
def test_a_step_reports_the_terms_before_it(step: Callable[..., object]) -> None:
    run = started()
    batch = run.batch()
    first, second = (step(run.players, batch, run.config.objective) for _ in range(2))
    again = started()
    repeated = step(again.players, again.batch(), again.config.objective)
    assert str(first) == str(repeated)
    assert str(first) != str(second)


def test_only_metric_steps_send_a_gradient_into_the_features() -> None:
    run = started(tau=0.55)  # far enough for a hinge of every role to act
    batch = run.batch()
    rows = [x.clone().requires_grad_() for x in batch.features]
    live = batch._replace(features=type(batch.features)(*rows))
    generator_step(run.players, live, run.config.objective)
    assert all(x.grad is None for x in rows)
    metric_step(run.players, live, run.config.objective, synthetic=True)
    assert all(x.grad is not None and bool(x.grad.abs().sum() > 0) for x in rows)


def test_synthetic_negatives_are_detached_from_their_sources() -> None:
    """With synthetic hinges alone, nothing reaches the real negatives."""
    run = started(real=0.0)
    batch = run.batch()
    rows = [x.clone().requires_grad_() for x in batch.features]
    live = batch._replace(features=type(batch.features)(*rows))
    metric_step(run.players, live, run.config.objective, synthetic=True)
    anchor, positive, younger, older = (x.grad for x in rows)
    assert anchor is not None
    assert positive is not None
    assert all(grad is None or not bool(grad.any()) for grad in (younger, older))


def test_without_a_generator_real_negatives_take_the_weight_of_synthetic_ones() -> None:
    def after(real: float) -> list[Tensor]:
        run = started(generator="none", generator_epochs=0, real=real, synthetic=1.0)
        metric_step(run.players, run.batch(), run.config.objective, synthetic=False)
        return copied(run.players.model.head)

    assert all(torch.equal(*pair) for pair in zip(after(0.0), after(1.0), strict=True))
    assert not all(torch.equal(*pair) for pair in zip(after(1.0), after(30.0), strict=True))


@pytest.mark.parametrize("kind", GENERATORS)
def test_generator_steps_lower_its_terms_for_every_kind_with_weights(kind: str) -> None:
    run = started(generator=kind, generator_rate=1e-2)
    totals = []
    for _ in range(40):
        terms = generator_step(run.players, run.batch(), run.config.objective)
        totals.append(float(terms.total(run.config.objective).mean()))
        run.step += 1
    if kind == "midpoint":
        assert run.players.generator is None
    else:
        assert np.mean(totals[-5:]) < 0.8 * np.mean(totals[:5])
