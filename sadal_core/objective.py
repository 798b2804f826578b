r"""SADAL's objective: which form of each term, with which weight, summed over a quadruplet.

The slides minimise :math:`J = G + \lambda D` over both players at once. What makes it
adversarial is who learns from what; the training steps see to it, this module does not:

======================  ===================  ======  ================================
term                    backbone             f       generator
======================  ===================  ======  ================================
hard, reg, adv          no (x detached)      frozen  yes, adv through the frozen f
synthetic               through x_i and x_j  yes     no (the synthetic x is detached)
real, positive          yes                  yes     -
======================  ===================  ======  ================================
"""

import math
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from sadal_core.errors import ConfigError
from sadal_core.losses import (
    ADVERSARIES,
    POWERS,
    Rows,
    check_margin,
    d_negative,
    d_positive,
    g_adv,
    g_hard,
    g_reg,
    squared_distance,
)
from sadal_core.quadruplets import Negatives, Roles
from sadal_core.settings import check_choice, check_ranges
from sadal_core.similarity import Similarity, check_margin_settings

WEIGHTS: Final = ("hard", "reg", "adversarial", "synthetic", "real", "positive")


@dataclass(frozen=True)
class Objective:
    """The forms and weights of all terms.

    Attributes:
        similarity: Q.
        tau: margin, a squared distance above 0.
        adv: form of the adversarial term, a name in `losses.ADVERSARIES`.
        alpha: margin of adv="daml", a squared distance.
        q_on: "distance" (paper) or "margin" (our correction).
        hinge_power: of the hinges on negatives, 1 or 2.
        pos_power: of the squared distance of positive pairs, 1 or 2 (printed).
        hard: weight of G_hard.
        reg: weight of G_reg.
        adversarial: weight of G_adv.
        synthetic: weight of the hinges on synthetic negatives (paper: 1).
        real: weight of the same hinges on the real negatives (paper: 0).
        positive: weight of the pull of positive pairs.
    """

    similarity: Similarity = field(default_factory=Similarity)
    tau: float = 0.5
    adv: str = "one_minus_q"
    alpha: float = 0.0
    q_on: str = "distance"
    hinge_power: int = 2
    pos_power: int = 2
    hard: float = 1.0
    reg: float = 1.0
    adversarial: float = 1.0
    synthetic: float = 1.0
    real: float = 0.0
    positive: float = 1.0

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            ConfigError: names the setting, its value and what is allowed.
        """
        check_margin_settings(self.tau, self.q_on)
        check_choice("adv", self.adv, ADVERSARIES)
        if not math.isfinite(self.alpha):
            raise ConfigError(f"alpha must be a finite squared distance, got {self.alpha}.")
        check_choice("hinge_power", self.hinge_power, POWERS)
        check_choice("pos_power", self.pos_power, POWERS)
        check_ranges(self, dict.fromkeys(WEIGHTS, (0, 1e6)))

    def check_feasible(self, largest_gap: int) -> None:
        """Refuse a margin that embeddings of unit length cannot meet at a gap up to this.

        Args:
            largest_gap: in years: the sampler's window, or the range of ages.

        Raises:
            ConfigError: see `losses.check_margin`.
        """
        check_margin(self.similarity, tau=self.tau, q_on=self.q_on, largest_gap=largest_gap)


class GeneratorTerms(NamedTuple):
    """Unweighted terms of G, the sum over both negatives of each quadruplet."""

    hard: Rows
    reg: Rows
    adv: Rows

    def total(self, objective: Objective) -> Rows:
        """Weighted sum, one value per quadruplet."""
        return (
            objective.hard * self.hard + objective.reg * self.reg + objective.adversarial * self.adv
        )


class MetricTerms(NamedTuple):
    """Unweighted terms of D: hinges summed over both negatives of each quadruplet, and the pull."""

    synthetic: Rows
    real: Rows
    positive: Rows

    def total(self, objective: Objective) -> Rows:
        """Weighted sum, one value per quadruplet."""
        return (
            objective.synthetic * self.synthetic
            + objective.real * self.real
            + objective.positive * self.positive
        )


def generator_terms(
    features: Roles,
    generated: Negatives,
    embeddings: Roles,
    embedded: Negatives,
    q: Negatives,
    objective: Objective,
) -> GeneratorTerms:
    """G of each quadruplet, by term.

    Args:
        features: x of the four samples.
        generated: features of the synthetic negatives.
        embeddings: f of `features`.
        embedded: f of `generated`.
        q: Q of the gaps anchor-younger and positive-older.
        objective: forms of the terms; its weights are left to `total`.
    """
    between = squared_distance(embeddings.anchor, embeddings.positive)
    younger = squared_distance(embeddings.anchor, embedded.younger)
    older = squared_distance(embeddings.positive, embedded.older)
    form = {"tau": objective.tau, "alpha": objective.alpha}
    return GeneratorTerms(
        hard=g_hard(generated.younger, features.anchor)
        + g_hard(generated.older, features.positive),
        reg=g_reg(generated.younger, features.younger) + g_reg(generated.older, features.older),
        adv=g_adv(younger, between, q.younger, **form, adv=objective.adv)
        + g_adv(older, between, q.older, **form, adv=objective.adv),
    )


def metric_terms(
    embeddings: Roles, embedded: Negatives | None, q: Negatives, objective: Objective
) -> MetricTerms:
    """D of each quadruplet, by term.

    Args:
        embeddings: f of the four samples.
        embedded: f of the synthetic negatives; None, in the stage without them, makes their
            term 0.
        q: Q of the gaps anchor-younger and positive-older.
        objective: forms of the terms; its weights are left to `total`.
    """
    pull = d_positive(
        squared_distance(embeddings.anchor, embeddings.positive), power=objective.pos_power
    )
    real = _hinges(embeddings, Negatives(embeddings.younger, embeddings.older), q, objective)
    if embedded is None:
        return MetricTerms(torch.zeros_like(pull), real, pull)
    return MetricTerms(_hinges(embeddings, embedded, q, objective), real, pull)


def _hinges(
    embeddings: Roles, negatives: Negatives, q: Negatives, objective: Objective
) -> Float[Tensor, " batch"]:
    form = {"tau": objective.tau, "q_on": objective.q_on, "power": objective.hinge_power}
    younger = squared_distance(embeddings.anchor, negatives.younger)
    older = squared_distance(embeddings.positive, negatives.older)
    return d_negative(younger, q.younger, **form) + d_negative(older, q.older, **form)
