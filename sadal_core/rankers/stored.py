"""A fitted ranker as plain arrays, and back: what a model folder holds."""

from typing import Any

import numpy as np

from sadal_core.rankers import RANKERS, Ranker
from sadal_core.settings import check_choice


def ranker_name(ranker: Ranker) -> str:
    """Its name in `RANKERS`."""
    return next(name for name, kind in RANKERS.items() if type(ranker) is kind)


def ranker_state(ranker: Ranker) -> dict[str, np.ndarray]:
    """What `fit` has learned, by name: the attributes that end in an underscore."""
    learned = {k: v for k, v in vars(ranker).items() if k.endswith("_") and not k.startswith("_")}
    return {name: np.asarray(value) for name, value in learned.items()}


def restored(name: str, parameters: dict[str, Any], state: dict[str, np.ndarray]) -> Ranker:
    """The ranker that had this name in `RANKERS`, these parameters and this state.

    Raises:
        ConfigError: there is no such ranker.
        TypeError: the parameters are not those of this ranker.
    """
    check_choice("ranker", name, RANKERS)
    ranker = RANKERS[name](**parameters)
    for key, value in state.items():
        setattr(ranker, key, value.item() if value.ndim == 0 else value)
    return ranker
