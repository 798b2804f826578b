"""Linear outputs on standardised features, fitted to any smooth loss. Shared by the heads."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from sadal_core.rankers.solver import minimised


def fitted_linear(
    loss: Callable[[Tensor], Tensor],
    x: Float[np.ndarray, "samples features"],
    *,
    normals: int,
    offsets: int,
    penalty: float,
    iterations: int,
) -> tuple[Float[np.ndarray, "normals features"], Float[np.ndarray, " offsets"]]:
    r"""W and b of outputs :math:`W x + b` that make a loss small, started from zeros.

    .. math:: \min_{V, c} \; \ell(V z + c) + \lambda |V|^2, \qquad z = (x - \mu) / s

    z are the features at mean 0 and variance 1. What is returned is for x itself: W = V / s and
    b = c - W mu, so that nothing has to be standardised when ages are read.

    Args:
        loss: scalar function of the outputs (N, K), which L-BFGS makes small.
        x: features as they come.
        normals: rows of W: K, or 1 that all outputs share.
        offsets: K.
        penalty: lambda, at least 0.
        iterations: of L-BFGS, at most.
    """
    scaler: Any = StandardScaler().fit(x)
    z = torch.from_numpy(scaler.transform(x))

    def objective(weights: Tensor, bias: Tensor) -> Tensor:
        return loss(z @ weights.T + bias) + penalty * weights.square().sum()  # ND, DK -> NK

    shapes = (normals, x.shape[1]), (offsets,)
    weights, bias = minimised(objective, shapes, iterations=iterations)
    coef = weights / scaler.scale_
    return coef, bias - coef @ scaler.mean_
