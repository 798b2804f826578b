r"""LSDML's objective: hard negatives mined in the batch, with a margin that grows with the gap.

For a positive pair (i, j) of one age, with negatives k of i and l of j,

.. math:: J_{ij} = \max(0, d_{ij} + \max_k [m\,w(g_{ik}) - d_{ik}])
    + \max(0, d_{ij} + \max_l [m\,w(g_{jl}) - d_{jl}])

where d is a squared distance, g an age gap in years and w grows with it, so that the distances
come to be isotonic to the gaps. Letters: P positive pairs, N samples to mine in, D dimensions.

Source: Liu, Lu, Feng and Zhou, "Label-Sensitive Deep Metric Learning for Facial Age Estimation",
T-IFS 2018: similarity isotonic to the age difference, and hard samples mined while learning; the
form is the lifted structure of Song et al., "Deep Metric Learning via Lifted Structured Feature
Embedding", CVPR 2016, with the maximum in the place of its smooth bound.
Departs: the formulas are ours, made after these criteria; the authors' were not to be had.
"""

import itertools
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from sadal_core.ages import OLDEST_LABEL
from sadal_core.losses import Rows, Vectors, squared_distance

Matrix = Float[Tensor, "batch samples"]
Samples = Float[Tensor, "samples dim"]
Ages = Float[Tensor, " samples"]
Aged = tuple[Float[Tensor, "_ dim"], Float[Tensor, " _"]]  # points, and an age of each


def label_weight(gaps: Tensor) -> Tensor:
    """w(g) = g / 120: from 0 at the same age to 1 at the largest gap there is."""
    return gaps / OLDEST_LABEL


def hardest_negatives(d: Matrix, gaps: Matrix, *, margin: float) -> Int[Tensor, " batch"]:
    r"""Of each row, the sample of another age that most falls short of its margin.

    .. math:: \arg\max_{k: g_{ik} > 0} m\,w(g_{ik}) - d_{ik}

    Args:
        d: squared distances.
        gaps: age gaps in years, of which one in each row is above 0.
        margin: m, see `label_sensitive`.
    """
    shortfall = margin * label_weight(gaps) - d
    return shortfall.masked_fill(gaps <= 0, -torch.inf).argmax(dim=1)  # PN -> P


def label_sensitive(
    pairs: tuple[Vectors, Vectors],
    pair_ages: Rows,
    samples: Samples,
    ages: Ages,
    *,
    margin: float,
) -> Rows:
    """J of each positive pair, with negatives mined among `samples`.

    Args:
        pairs: embeddings of the two of each pair.
        pair_ages: in years; both of a pair have it.
        samples: embeddings to mine in.
        ages: of the samples, in years; for each pair there is one of another age.
        margin: m, the squared distance demanded beyond that of the positive pair at a gap of 120
            years.
    """
    between = squared_distance(*pairs)
    gaps = (pair_ages[:, None] - ages[None, :]).abs()  # P1, 1N -> PN
    hinges = (_hinge(one, between, samples, gaps, margin) for one in pairs)
    return torch.stack(list(hinges)).sum(dim=0)


def _hinge(one: Vectors, between: Rows, samples: Samples, gaps: Matrix, margin: float) -> Rows:
    with torch.no_grad():
        d = torch.cdist(one, samples).square()  # PD, ND -> PN
        mined = hardest_negatives(d, gaps, margin=margin)
    demanded = margin * label_weight(gaps.gather(1, mined[:, None])[:, 0])
    return torch.relu(between + demanded - squared_distance(one, samples[mined]))


def centroid_alignment(
    populations: Sequence[Aged],
) -> Float[Tensor, ""]:
    r"""How little the centroids of the same age of different populations correlate; 0 to 2.

    .. math:: \frac{1}{|A|} \sum_{(p, q, a) \in A} 1 - \cos(c_p(a), c_q(a)), \qquad
        c_p(a) = \frac{1}{N_a} \sum_{i \in p, y_i = a} e_i

    with A all pairs of populations and the ages that both have.

    Source: the same paper, M-LSDML, which maximises the cross-population correlation of face
    ageing data sets.
    Departs: the formula is ours, after that criterion.

    Args:
        populations: embeddings, and ages in whole years, of each.

    Returns:
        0, with a gradient of 0, where no two populations share an age.
    """
    terms = [
        1 - functional.cosine_similarity(*shared, dim=1)
        for one, other in itertools.combinations(map(_centroids, populations), 2)
        if (shared := _of_shared_ages(one, other)) is not None
    ]
    if not terms:
        return populations[0][0].sum() * 0
    return torch.cat(terms).mean()


def _centroids(population: Aged) -> Aged:
    """Mean embedding of each age that occurs, and these ages, rising."""
    samples, ages = population
    present, place = torch.unique(ages, return_inverse=True)
    members = functional.one_hot(place, len(present)).to(samples)  # N -> NA
    return members.T @ samples / members.sum(dim=0)[:, None], present


def _of_shared_ages(one: Aged, other: Aged) -> tuple[Samples, Samples] | None:
    here, there = torch.isin(one[1], other[1]), torch.isin(other[1], one[1])
    return (one[0][here], other[0][there]) if bool(here.any()) else None
