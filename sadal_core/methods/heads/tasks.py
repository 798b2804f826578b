"""Binary tasks "older?", one per age, as three papers weigh and combine them.

Letters: N samples, K ranks (the ages that occur), K - 1 tasks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

Ranks = Int[np.ndarray, " samples"]
Weights = Float[np.ndarray, "samples tasks"]
Answers = Float[np.ndarray, "samples tasks"]


def or_cnn_weights(ranks: Ranks) -> Weights:
    r"""OR-CNN's importance of each task, over the number of samples.

    .. math:: \frac1N \lambda_k, \qquad \lambda_k = \frac{\sqrt{N_k}}{\sum_j \sqrt{N_j}}

    with N_k the samples of rank k and the sum over the K - 1 tasks.

    Reference: Niu et al., "Ordinal Regression with Multiple Output CNN for Age Estimation",
    CVPR 2016.
    """
    roots = np.sqrt(np.bincount(ranks)[:-1])
    return np.tile(roots / roots.sum() / len(ranks), (len(ranks), 1))


def coral_weights(ranks: Ranks) -> Weights:
    """CORAL's, 1 / N for every task: the paper's uniform importance."""
    return np.full((len(ranks), int(ranks.max())), 1 / len(ranks))


def corn_weights(ranks: Ranks) -> Weights:
    r"""CORN's, which lets task k learn only from samples that have reached rank k.

    .. math:: \frac{[r_i \ge k]}{\sum_j |S_j|}, \qquad S_j = \{i : r_i \ge j\}

    Reference: Shi, Cao and Raschka, "Deep Neural Networks for Rank-Consistent Ordinal Regression
    Based on Conditional Probabilities", Pattern Analysis and Applications 2023.
    """
    reached = (ranks[:, None] >= np.arange(ranks.max())).astype(np.float64)
    return reached / reached.sum()


def separate(answers: Answers) -> Answers:
    """P(rank > k) where each task answers for itself."""
    return answers


def chained(answers: Answers) -> Answers:
    r"""P(rank > k) of conditional answers, :math:`\prod_{j \le k} P(r > j | r > j - 1)`."""
    return np.cumprod(answers, axis=1)


@dataclass(frozen=True)
class Tasks:
    """How a paper poses the binary tasks.

    Attributes:
        weights: of each sample in each task, from the ranks, which count from 0.
        above: P(rank > k) from the sigmoids of the outputs.
        shared: whether one w serves all tasks, which then differ in their biases alone.
    """

    weights: Callable[[Ranks], Weights]
    above: Callable[[Answers], Answers]
    shared: bool


TASKS: Final[dict[str, Tasks]] = {
    "or_cnn": Tasks(or_cnn_weights, separate, shared=False),
    "coral": Tasks(coral_weights, separate, shared=True),
    "corn": Tasks(corn_weights, chained, shared=False),
}


def binary_loss(
    logits: Float[Tensor, "samples tasks"],
    older: Float[Tensor, "samples tasks"],
    weights: Float[Tensor, "samples tasks"],
) -> Float[Tensor, ""]:
    r"""Weighted sum of the tasks' cross-entropies, with o = sigmoid(logit).

    .. math:: -\sum_i \sum_k \omega_{ik} [t_{ik} \log o_{ik} + (1 - t_{ik}) \log(1 - o_{ik})]

    Args:
        logits: outputs.
        older: t, 1 where the sample is of a rank above k and 0 elsewhere.
        weights: omega.
    """
    return torch.nn.functional.binary_cross_entropy_with_logits(
        logits, older, weights, reduction="sum"
    )
