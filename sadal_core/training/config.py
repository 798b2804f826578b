"""The settings of a training run, checked in plain words and stored with it."""

from dataclasses import dataclass
from typing import Final

from sadal_core.backbones import BACKBONES
from sadal_core.errors import ConfigError
from sadal_core.settings import check_choice, check_ranges
from sadal_core.training.augment import USUAL, Changes

PRECISIONS = ("auto", "float32", "bfloat16")
TAUGHT_ON = ("view", "face")


@dataclass(frozen=True)
class TrainConfig:
    """Settings of the age stage (backbone and distribution head).

    Attributes:
        backbone: name in `BACKBONES`.
        epochs: passes over the training faces.
        full_epochs: how many of these, at the end, also train the frozen stages.
        frozen_stages: first stages of the backbone that keep their initial weights.
        batch_size: faces per step.
        learning_rate: of the backbone at its peak; the head takes `head_rate` times as much.
        head_rate: see `learning_rate`.
        full_rate: factor on the learning rate of stages while they are no longer frozen.
        weight_decay: of AdamW.
        warmup: share of all steps over which the learning rate rises.
        label_sigma: width of the label distribution in years.
        expectation_weight: weight of |expected age - age| beside the divergence (DLDL-v2's lambda).
        age_balance: 0 draws faces as they come, 1 draws every age equally often.
        dropout: before the head.
        mixing: 0 keeps faces whole; else every view is mixed with that of another face, in shares
            drawn from Beta(mixing, mixing), and so are the labels (mixup).
        exposure: see `Changes`.
        degraded: see `Changes`.
        average_decay: of the moving average of weights that is validated and shipped.
        distillation: share of the loss that follows the teachers, where there are any.
        taught_on: view has the teachers look at the very view that the model sees; face, at the
            unchanged face and its mirror image, so that the model learns not to mind the changes.
        validation_fraction: share of duplicate groups held out.
        validate_every: epochs from one measurement on the held-out faces to the next.
        seed: of the split, the draws, the augmentation and the initial weights.
        precision: auto is bfloat16 where the processor has it, else float32.
    """

    backbone: str = "mobilefacenet"
    epochs: int = 8
    full_epochs: int = 0
    frozen_stages: int = 0
    batch_size: int = 64
    learning_rate: float = 5e-4
    head_rate: float = 4.0
    full_rate: float = 0.3
    weight_decay: float = 1e-3
    warmup: float = 0.05
    label_sigma: float = 2.0
    expectation_weight: float = 0.2
    age_balance: float = 0.5
    dropout: float = 0.2
    mixing: float = 0.0
    exposure: float = USUAL.exposure
    degraded: float = USUAL.degraded
    average_decay: float = 0.998
    distillation: float = 0.0
    taught_on: str = "view"
    validation_fraction: float = 0.1
    validate_every: int = 1
    seed: int = 1
    precision: str = "auto"

    def __post_init__(self) -> None:
        """Refuse settings that make no sense.

        Raises:
            ConfigError: names the setting, its value and what is allowed.
        """
        check_choice("backbone", self.backbone, BACKBONES)
        check_choice("precision", self.precision, PRECISIONS)
        check_choice("taught_on", self.taught_on, TAUGHT_ON)
        check_ranges(self, _RANGES)
        if self.full_epochs > self.epochs:
            raise ConfigError("full_epochs must not exceed epochs.")

    @property
    def changes(self) -> Changes:
        """How far the light and the sharpness of training faces are varied."""
        return Changes(self.exposure, self.degraded)


_RANGES: Final = {
    "epochs": (1, 10_000),
    "full_epochs": (0, 10_000),
    "frozen_stages": (0, 100),
    "batch_size": (2, 65_536),
    "learning_rate": (1e-8, 10),
    "head_rate": (0.01, 100),
    "full_rate": (0, 100),
    "weight_decay": (0, 10),
    "warmup": (0, 1),
    "label_sigma": (0.1, 20),
    "expectation_weight": (0, 100),
    "age_balance": (0, 1),
    "dropout": (0, 0.95),
    "mixing": (0, 10),
    "exposure": (0, 3),
    "degraded": (0, 1),
    "average_decay": (0, 0.99999),
    "distillation": (0, 1),
    "validation_fraction": (0.01, 0.9),
    "validate_every": (1, 10_000),
    "seed": (0, 2**31),
}
