"""Smooth convex problems of the rankers, solved by PyTorch's L-BFGS."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


def minimised(
    loss: Callable[..., Tensor], shapes: tuple[tuple[int, ...], ...], *, iterations: int
) -> list[np.ndarray]:
    """Arguments at which `loss` is smallest, in float64, started from zeros.

    Args:
        loss: scalar function of as many tensors as there are shapes.
        shapes: of the arguments.
        iterations: at most; fewer where the gradient has vanished before.
    """
    arguments = [torch.zeros(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    optimizer = torch.optim.LBFGS(
        arguments,
        max_iter=iterations,
        max_eval=2 * iterations,
        tolerance_grad=1e-7,
        tolerance_change=1e-11,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(*arguments)
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(closure)
    return [argument.detach().numpy() for argument in arguments]
