"""Small labs of the toy, and whether two of them are one."""

from dataclasses import replace
from typing import Any

import torch

from sadal_core.lab.lab import Lab
from sadal_core.lab.state import LabState


def state(turns: str = "", **settings: Any) -> LabState:
    """Of the toy, with steps that take no time."""
    texts = {"batch_size": "8"} | {name: str(value) for name, value in settings.items()}
    return replace(LabState.of("toy").changed(texts), turns=turns)


def alone(told: LabState) -> Lab:
    """The lab of a state, without a room."""
    return told.lab(None)


def same(one: Lab, other: Lab) -> bool:
    """Whether two labs are one to the last bit."""
    weights = [lab.run.players.model.state_dict().values() for lab in (one, other)]
    return (one.turns, one.records) == (other.turns, other.records) and all(
        torch.equal(*pair) for pair in zip(*weights, strict=True)
    )
