"""Where a run computes, and the random state that goes with it."""

import torch
from torch import Tensor


def device() -> torch.device:
    """The first GPU that PyTorch can use, otherwise the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def random_state() -> Tensor:
    """State of the generator from which dropout draws."""
    return torch.cuda.get_rng_state() if device().type == "cuda" else torch.get_rng_state()


def set_random_state(state: Tensor) -> None:
    """Go on drawing from `state`."""
    if device().type == "cuda":
        torch.cuda.set_rng_state(state)
    else:
        torch.set_rng_state(state)
