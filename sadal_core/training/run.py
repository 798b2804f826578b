"""What changes while the age stage trains."""

from dataclasses import dataclass
from typing import Any

import torch

from sadal_core.model import AgeModel
from sadal_core.training.devices import random_state, set_random_state
from sadal_core.training.steps import WeightAverage


@dataclass
class Run:
    """The model, its average, the optimizer, the steps done."""

    model: AgeModel
    average: WeightAverage
    optimizer: torch.optim.Optimizer
    step: int = 0

    def state(self) -> dict[str, Any]:
        """Everything needed to go on: steps, weights, averages, optimizer, dropout's generator."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": random_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        set_random_state(state["generator"])
        self.step = state["step"]
