"""The settings of the metric stage, checked in plain words and stored with the run."""

from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property
from typing import Final

from sadal_core.errors import ConfigError
from sadal_core.generator import GENERATORS
from sadal_core.objective import Objective
from sadal_core.settings import check_choice, check_ranges
from sadal_core.similarity import Similarity

GRADS: Final = ("separate", "joint")
BACKBONES_KEPT: Final = ("frozen", "tuned")


class Phase(StrEnum):
    """Who learns in an epoch."""

    METRIC = "metric"
    GENERATOR = "generator"
    ALTERNATING = "alternating"


@dataclass(frozen=True)
class MetricConfig:
    """Settings of the metric stage; those of Q and of the terms as in `Similarity`, `Objective`.

    Attributes:
        metric_epochs: first epochs, in which f learns from real negatives alone.
        generator_epochs: next ones, in which G learns against the f of that moment.
        alternating_epochs: last ones, in which every batch is one step of G, then one of f.
        generator: name in `generator.GENERATORS`, or "none": f then always learns from real
            negatives, which take the place and the weight of the synthetic ones.
        hidden: width of the generator's hidden layer.
        dim: length of an embedding.
        age_window: largest gap of a negative in years; None is any.
        grad: "separate" (each player learns from its own terms) or "joint" (both from the sum,
            the literal reading of the printed minimisation).
        batch_size: quadruplets per step.
        learning_rate: of f.
        generator_rate: learning rate of G.
        weight_decay: of both optimizers (AdamW).
        backbone: "frozen" (stored features) or "tuned" (D's terms also train the backbone).
        backbone_rate: learning rate of a tuned backbone.
        patience: epochs without a better validation error after which training stops; 0 never
            stops. The best epoch of the last phase is what is kept.
        validation_fraction: share of duplicate groups held out.
        seed: of the split, the initial weights, the quadruplets and the views.
    """

    variant: str = "slide"
    L: float = 5.0
    eps: float = 1.0
    C: float | None = None
    tau: float = 0.17
    q_on: str = "margin"
    adv: str = "one_minus_q"
    alpha: float = 0.0
    hinge_power: int = 2
    pos_power: int = 2
    hard: float = 1.0
    reg: float = 1.0
    adversarial: float = 1.0
    synthetic: float = 0.1
    real: float = 1.0
    positive: float = 0.3
    metric_epochs: int = 5
    generator_epochs: int = 2
    alternating_epochs: int = 8
    generator: str = "mlp"
    hidden: int = 64
    dim: int = 100
    age_window: int | None = None
    grad: str = "separate"
    batch_size: int = 256
    learning_rate: float = 1e-3
    generator_rate: float = 1e-3
    weight_decay: float = 0.0
    backbone: str = "frozen"
    backbone_rate: float = 1e-5
    patience: int = 0
    validation_fraction: float = 0.1
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            ConfigError: names the setting, its value and what is allowed.
        """
        check_choice("generator", self.generator, ("none", *GENERATORS))
        check_choice("grad", self.grad, GRADS)
        check_choice("backbone", self.backbone, BACKBONES_KEPT)
        check_ranges(self, _RANGES)
        if self.age_window is not None and self.age_window < 1:
            raise ConfigError(f"age_window must be at least 1 year or none, got {self.age_window}.")
        if self.epochs < 1:
            raise ConfigError("The metric stage needs at least one epoch in one of its phases.")
        if self.generator == "none" and self.generator_epochs:
            raise ConfigError("generator_epochs must be 0 where generator is none.")
        assert self.objective  # refuses what the terms do not allow

    @cached_property
    def objective(self) -> Objective:
        """Forms and weights of the terms."""
        shared = {field.name for field in fields(Objective)} - {"similarity"}
        return Objective(
            Similarity(self.variant, self.L, self.eps, self.C),
            **{name: getattr(self, name) for name in shared},
        )

    @property
    def epochs(self) -> int:
        """Of all phases."""
        return self.metric_epochs + self.generator_epochs + self.alternating_epochs

    def phase(self, epoch: int) -> Phase:
        """Who learns in `epoch` (from 0)."""
        if epoch < self.metric_epochs:
            return Phase.METRIC
        if epoch < self.metric_epochs + self.generator_epochs:
            return Phase.GENERATOR
        return Phase.ALTERNATING


_RANGES: Final = {
    "metric_epochs": (0, 100_000),
    "generator_epochs": (0, 100_000),
    "alternating_epochs": (0, 100_000),
    "hidden": (1, 65_536),
    "dim": (1, 65_536),
    "batch_size": (1, 1_048_576),
    "learning_rate": (1e-8, 10),
    "generator_rate": (1e-8, 10),
    "weight_decay": (0, 10),
    "backbone_rate": (1e-9, 1),
    "patience": (0, 100_000),
    "validation_fraction": (0.01, 0.9),
    "seed": (0, 2**31),
}
