r"""The terms of SADAL's objective, each a function with one value per row. No sums, no means.

As printed in the slides (Liu, "Similarity-Aware Deep Adversarial Learning for Facial Age
Estimation"), for an anchor i, its positive j, a younger negative k and an older one l:

.. math::
    G = \sum_{(i,j,k)} |\tilde x_k - x_i|^2 + |\tilde x_k - x_k|^2
        + \max(0, d_f(x_i, \tilde x_k) [-Q(y_i, y_k)] - \tau)^2 + \ldots
    \\
    D = \sum_{(i,j,k,l)} \max(0, \tau - d_f(x_i, \tilde x_k) Q(y_i, y_k))^2
        + \max(0, \tau - d_f(x_j, \tilde x_l) Q(y_j, y_l)) + \max(0, d_f(x_i, x_j))^2

with the same G terms for (j, i, l). `objective` sums them. Every d is a squared Euclidean
distance; that of embeddings of unit length is at most 4. Letters: B rows (one side of a
quadruplet), D dimensions.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sadal_core.errors import ConfigError
from sadal_core.settings import check_choice
from sadal_core.similarity import Similarity, check_margin_settings

POWERS: Final = (1, 2)
FARTHEST: Final = 4.0  # largest squared distance between two vectors of unit length

Rows = Float[Tensor, " batch"]
Vectors = Float[Tensor, "batch dim"]


def squared_distance(a: Vectors, b: Vectors) -> Rows:
    r"""Squared Euclidean distance of each row, :math:`d(a, b) = |a - b|^2`."""
    return (a - b).square().sum(dim=1)  # BD -> B


def g_hard(synthetic: Vectors, anchor: Vectors) -> Rows:
    r"""Hardness, :math:`G_{hard} = |\tilde x_k - x_i|^2`: near the anchor, in features."""
    return squared_distance(synthetic, anchor)


def g_reg(synthetic: Vectors, negative: Vectors) -> Rows:
    r"""Regulariser, :math:`G_{reg} = |\tilde x_k - x_k|^2`: near its source, in features."""
    return squared_distance(synthetic, negative)


def one_minus_q(d: Rows, d_positive: Rows, q: Rows, *, tau: float, alpha: float) -> Rows:
    r"""The form in the authors' code, :math:`\max(0, d (1 - \min(Q, 1)) - \tau)^2`.

    It asks for :math:`d \le \tau / (1 - Q)`: the nearer the age, the harder the negative. The
    minimum is left out, since the hinge is 0 for every Q of at least 1 with or without it.
    Departs: squared, as in the slides; the code does not square.
    """
    return torch.relu(d * (1 - q) - tau).square()


def printed(d: Rows, d_positive: Rows, q: Rows, *, tau: float, alpha: float) -> Rows:
    r"""The printed form, :math:`\max(0, d [-Q] - \tau)^2`: always 0, as d, Q >= 0 and tau > 0."""
    return torch.relu(d * -q - tau).square()


def daml(d: Rows, d_positive: Rows, q: Rows, *, tau: float, alpha: float) -> Rows:
    r"""The relative form, :math:`\max(0, d - d(x^+, x) - \alpha)`, without Q.

    Reference: Duan et al., "Deep Adversarial Metric Learning", CVPR 2018, the term J_adv.
    """
    return torch.relu(d - d_positive - alpha)


ADVERSARIES: Final[dict[str, Callable[..., Rows]]] = {
    "one_minus_q": one_minus_q,
    "printed": printed,
    "daml": daml,
}


def g_adv(
    d: Rows, d_positive: Rows, q: Rows, *, tau: float, alpha: float = 0.0, adv: str = "one_minus_q"
) -> Rows:
    r"""Adversarial term: the metric must take the synthetic negative for a positive.

    Args:
        d: :math:`d_f(x_i, \tilde x_k)`, from the anchor to the synthetic negative.
        d_positive: :math:`d_f(x_i, x_j)`, from the anchor to its positive; used by `daml`.
        q: Q of the age gap; used by the others.
        tau: margin, a squared distance; used by the others.
        alpha: by how much `daml` lets the synthetic negative be farther than the positive, a
            squared distance; below 0 it has to be nearer.
        adv: name in `ADVERSARIES`.

    Raises:
        ConfigError: an unknown adv.
    """
    check_choice("adv", adv, ADVERSARIES)
    return ADVERSARIES[adv](d, d_positive, q, tau=tau, alpha=alpha)


def _on_distance(d: Rows, q: Rows, tau: float) -> Rows:
    return tau - d * q


def _on_margin(d: Rows, q: Rows, tau: float) -> Rows:
    return tau * q - d


_SHORTFALLS: Final[dict[str, Callable[[Rows, Rows, float], Rows]]] = {
    "distance": _on_distance,
    "margin": _on_margin,
}


def d_negative(d: Rows, q: Rows, *, tau: float, q_on: str = "distance", power: int = 2) -> Rows:
    r"""Hinge of a negative pair: push it away until it is far enough for its age gap.

    .. math:: \max(0, \tau - d\,Q)^p \text{ (q_on="distance")}, \qquad
        \max(0, \tau Q - d)^p \text{ (q_on="margin")}

    Departs: the slides square the hinge of the younger negative only; both are squared here.
    "margin" is our correction: see `Similarity.demanded_distance`.

    Args:
        d: squared distance of the pair in the metric.
        q: Q of its age gap.
        tau: margin, a squared distance.
        q_on: what Q multiplies.
        power: p, 1 or 2.

    Raises:
        ConfigError: an unknown q_on, or a tau that is not above 0.
    """
    check_margin_settings(tau, q_on)
    return torch.relu(_SHORTFALLS[q_on](d, q, tau)).pow(power)


def d_positive(d: Rows, *, power: int = 2) -> Rows:
    r"""Pull of a positive pair, :math:`\max(0, d)^p`; the printed maximum never acts.

    Args:
        d: squared distance of anchor and positive in the metric.
        power: p; 2 is printed, and the fourth power of the Euclidean distance.
    """
    return d.pow(power)


def check_margin(similarity: Similarity, *, tau: float, q_on: str, largest_gap: int) -> None:
    r"""Refuse a margin that embeddings of unit length cannot meet.

    The demanded squared distance must not exceed 4 at any gap from 1 to `largest_gap`: tau / Q
    at the smallest Q for q_on="distance", tau Q at the largest for q_on="margin".

    Raises:
        ConfigError: names the gap, what it demands, and the largest tau that can be met.
    """
    gaps = np.arange(1.0, largest_gap + 1)
    demanded = similarity.demanded_distance(gaps, tau=tau, q_on=q_on)
    worst = int(demanded.argmax())
    if demanded[worst] > FARTHEST:
        raise ConfigError(
            f"tau = {tau:g} with q_on={q_on!r} demands a squared distance of "
            f"{demanded[worst]:.2f} at an age gap of {gaps[worst]:g} years, and embeddings of "
            f"unit length are at most {FARTHEST:g} apart. Take tau of at most "
            f"{tau * FARTHEST / demanded[worst]:.3f}, or another similarity."
        )
