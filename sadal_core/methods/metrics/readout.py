"""Ages read off a learned embedding: what all metric methods have alike."""

import copy
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import torch
from jaxtyping import Float

from sadal_core.metric import MetricModel
from sadal_core.rankers import ExpectationRanker, OHRanker

ITERATIONS = 60  # of L-BFGS, the same for every metric method


def hyperplanes() -> OHRanker:
    """An unfitted OHRanker, as Liu et al. put behind their features."""
    return OHRanker(iterations=ITERATIONS)


def distribution_head() -> ExpectationRanker:
    """An unfitted distribution head, as the project puts behind its own metric."""
    return ExpectationRanker(iterations=ITERATIONS)


READOUTS: Final[Mapping[str, Callable[[], ExpectationRanker | OHRanker]]] = {
    "distribution": distribution_head,
    "hyperplanes": hyperplanes,
}


def exact(model: MetricModel) -> MetricModel:
    """A copy that computes in double precision, so that no face depends on its batch."""
    return copy.deepcopy(model).double().eval()


@torch.no_grad()
def embedding(
    model: MetricModel, x: Float[np.ndarray, "samples features"]
) -> Float[np.ndarray, "samples dim"]:
    """Embeddings of features, float64, under a model that `exact` gave."""
    return model(torch.from_numpy(x)).numpy()
