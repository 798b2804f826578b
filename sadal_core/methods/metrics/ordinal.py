r"""ODFL's objective on pairs of faces: the order of their age gaps, and costs that grow with them.

Both terms look at pairs alone, each with the squared distance d of its embeddings and its age
gap g in years. Letters: P pairs.

Source: Liu, Lu, Feng and Zhou, "Ordinal Deep Feature Learning for Facial Age Estimation", FG 2017,
and "Ordinal Deep Learning for Facial Age Estimation", TCSVT 2019: a topology-preserving ordinal
relation, and age differences that weigh the pairs.
Departs: the formulas are ours, made after these two criteria; the authors' were not to be had.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from sadal_core.losses import squared_distance
from sadal_core.quadruplets import Roles

Pairs = Float[Tensor, " pairs"]


def pairs_of(embeddings: Roles, ages: Float[Tensor, "4 batch"]) -> tuple[Pairs, Pairs]:
    """Squared distances, and gaps in years, of four pairs of each quadruplet, P = 4 B.

    Anchor and positive, anchor and younger, positive and older, younger and older.
    """
    anchor, positive, younger, older = embeddings
    one = torch.cat([anchor, anchor, positive, younger])
    other = torch.cat([positive, younger, older, older])
    gaps = (ages[[0, 0, 1, 2]] - ages[[1, 2, 3, 3]]).abs()  # 4B
    return squared_distance(one, other), gaps.flatten()


def order_loss(d: Pairs, gaps: Pairs, *, margin: float) -> Float[Tensor, ""]:
    r"""Mean cost of pairs of pairs whose distances are not in the order of their age gaps.

    .. math:: \frac{\sum_{g_p < g_q} (g_q - g_p) \max(0, m + d_p - d_q)}
        {\sum_{g_p < g_q} (g_q - g_p)}

    Two pairs are the quadruplet that the order is about; mistaking it costs the years by which
    the gaps differ.

    Args:
        d: squared distance of each pair.
        gaps: age gap of each pair in years.
        margin: m, by how much the pair with the larger gap has to be farther apart, a squared
            distance.

    Returns:
        0, with a gradient of 0, where all gaps are the same.
    """
    costs = torch.relu(gaps[None, :] - gaps[:, None])  # 1P, P1 -> PP
    hinges = torch.relu(margin + d[:, None] - d[None, :])  # P1, 1P -> PP
    return (costs * hinges).sum() / costs.sum().clamp_min(torch.finfo(d.dtype).tiny)


def apartness(gaps: Pairs, *, width: float) -> Pairs:
    r"""How much a pair counts as of different ages, :math:`\omega(g) = 1 - \exp(-g^2 / 2 w^2)`.

    Args:
        gaps: in years.
        width: w in years, above 0.
    """
    return 1 - torch.exp(-gaps.square() / (2 * width**2))


def cost_loss(d: Pairs, gaps: Pairs, *, tau: float, width: float) -> Float[Tensor, ""]:
    r"""Mean pull of pairs of near ages and push of those of far ages, weighed by the gap.

    .. math:: \frac1P \sum_p (1 - \omega(g_p))\, d_p + \omega(g_p) \max(0, \tau - d_p)

    Args:
        d: squared distance of each pair; at least one.
        gaps: age gap of each pair in years.
        tau: squared distance from which on a pair is not pushed.
        width: of omega, see `apartness`.
    """
    apart = apartness(gaps, width=width)
    return ((1 - apart) * d + apart * torch.relu(tau - d)).mean()
