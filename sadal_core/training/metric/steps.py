"""One optimisation step of each player. Who learns, and who is frozen, stands in these lines."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from sadal_core.metric import MetricModel
from sadal_core.objective import (
    GeneratorTerms,
    MetricTerms,
    Objective,
    generator_terms,
    metric_terms,
)
from sadal_core.quadruplets import Negatives, Roles


class Batch(NamedTuple):
    """Quadruplets of one step.

    Attributes:
        features: standardised x of the four samples; with a graph where the backbone learns.
        q: Q of the gaps anchor-younger and positive-older.
    """

    features: Roles
    q: Negatives


class Players(NamedTuple):
    """The networks of the metric and the optimizers of its two players.

    Attributes:
        model: f and G.
        metric: of f, and of the backbone where it is tuned.
        generator: of G; None where G is absent or has no weights.
        of_metric: makes the gradients of f (and the backbone) those of the batch of all processes;
            see `distributed.averaging`. Each player has a turn of its own, and so has its average.
        of_generator: the same for G.
    """

    model: MetricModel
    metric: torch.optim.Optimizer
    generator: torch.optim.Optimizer | None
    of_metric: Callable[[Tensor], Tensor]
    of_generator: Callable[[Tensor], Tensor]


def generator_step(players: Players, batch: Batch, objective: Objective) -> GeneratorTerms:
    """Update G on its own terms: x is detached, f is frozen but differentiated through.

    Returns:
        The unweighted terms of each quadruplet, before the step, detached. With a generator
        without weights nothing is updated.
    """
    features = Roles(*(x.detach() for x in batch.features))
    players.model.head.requires_grad_(False)
    terms = _generator_terms(players.model, features, batch.q, objective)
    if players.generator is not None:
        _step([players.generator], players.of_generator(terms.total(objective).mean()))
    players.model.head.requires_grad_(True)
    return GeneratorTerms(*(term.detach() for term in terms))


def metric_step(
    players: Players, batch: Batch, objective: Objective, *, synthetic: bool
) -> MetricTerms:
    """Update f, and the backbone that made the features, on D's terms; x~ is detached.

    Args:
        players: who learns; G stays as it is.
        batch: the quadruplets.
        objective: forms and weights of the terms.
        synthetic: whether G makes negatives; if not, the real ones take their place and weight.

    Returns:
        The unweighted terms of each quadruplet, before the step, detached.
    """
    embeddings = Roles(*map(players.model.head, batch.features))
    embedded = None
    if synthetic:
        with torch.no_grad():
            generated = _generated(players.model, batch.features)
        embedded = Negatives(*map(players.model.head, generated))
    else:
        objective = of_real_negatives(objective)
    terms = metric_terms(embeddings, embedded, batch.q, objective)
    _step([players.metric], players.of_metric(terms.total(objective).mean()))
    return MetricTerms(*(term.detach() for term in terms))


def of_real_negatives(objective: Objective) -> Objective:
    """The objective without a generator: real negatives take the place and weight of its own."""
    return replace(objective, real=max(objective.real, objective.synthetic))


def joint_step(
    players: Players, batch: Batch, objective: Objective
) -> tuple[GeneratorTerms, MetricTerms]:
    """Update everybody on the sum G + D, the literal reading of the printed minimisation.

    D's gradient reaches G too and makes its negatives easier: kept for comparison.

    Returns:
        The unweighted terms of each quadruplet, before the step, detached.
    """
    model = players.model
    generated = _generated(model, batch.features)
    embeddings = Roles(*map(model.head, batch.features))
    embedded = Negatives(*map(model.head, generated))
    first = generator_terms(batch.features, generated, embeddings, embedded, batch.q, objective)
    second = metric_terms(embeddings, embedded, batch.q, objective)
    loss = first.total(objective).mean() + second.total(objective).mean()
    loss = players.of_generator(players.of_metric(loss))
    _step([o for o in (players.metric, players.generator) if o is not None], loss)
    return GeneratorTerms(*(t.detach() for t in first)), MetricTerms(*(t.detach() for t in second))


def _generator_terms(
    model: MetricModel, features: Roles, q: Negatives, objective: Objective
) -> GeneratorTerms:
    generated = _generated(model, features)
    # G's terms look at anchor and positive only; f of the real negatives would be work for nothing.
    anchor, positive = map(model.head, features[:2])
    embeddings = Roles(anchor, positive, anchor, positive)
    embedded = Negatives(*map(model.head, generated))
    return generator_terms(features, generated, embeddings, embedded, q, objective)


def _generated(model: MetricModel, features: Roles) -> Negatives:
    assert model.generator is not None
    return model.generator.both(features)


def _step(optimizers: Sequence[torch.optim.Optimizer], loss: Tensor) -> None:
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=True)
    loss.backward()
    for optimizer in optimizers:
        optimizer.step()
