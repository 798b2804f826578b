"""Fewer samples, with all ages among them."""

import numpy as np
from jaxtyping import Float, Int


def spread(ages: Float[np.ndarray, " samples"], count: int) -> Int[np.ndarray, " chosen"]:
    """Positions of at most `count` samples at even steps through the order of their ages.

    Nothing is drawn: the same ages give the same samples.
    """
    order = np.argsort(ages, kind="stable")
    steps = np.linspace(0, len(ages) - 1, min(count, len(ages)))
    return np.sort(order[np.floor(steps + 0.5).astype(int)])
