"""Starting points of the lab: settings that show one thing each, by name."""

from collections.abc import Mapping
from typing import Any, Final

from sadal_core.lab.faces import LAB_DATA
from sadal_core.settings import check_choice
from sadal_core.training.metric.config import MetricConfig

_LONG: Final = 10_000  # epochs: a lab is stopped by who looks at it

# What all have: everybody learns from the first batch on, and steps are short enough to watch.
_COMMON: Final[dict[str, Any]] = {
    "metric_epochs": 0, "generator_epochs": 0, "alternating_epochs": _LONG, "batch_size": 128,
}  # fmt: skip
# Of the toy: embeddings on a circle, which can be drawn as they are, and a small generator.
_TOY: Final[dict[str, Any]] = {
    "dim": 2, "hidden": 16, "learning_rate": 0.01, "generator_rate": 0.01,
}  # fmt: skip
_PAPER: Final[dict[str, Any]] = {
    "q_on": "distance", "tau": 0.5, "age_window": 5, "synthetic": 1.0, "real": 0.0, "positive": 1.0,
}  # fmt: skip

PRESETS: Final[dict[str, Mapping[str, Any]]] = {
    "corrected": {},
    "paper": _PAPER,
    "printed": _PAPER | {"adv": "printed"},
    "no generator": {"generator": "none"},
    "midpoint": {"generator": "midpoint"},
    "collapse": {
        "synthetic": 0.0, "real": 0.0, "positive": 10.0, "pos_power": 1, "learning_rate": 0.003,
    },
}  # fmt: skip


def preset(name: str, data: str) -> MetricConfig:
    """Settings of a preset for one of the lab's data.

    Args:
        name: in `PRESETS`: "corrected" has the weights of the bundled model, "paper" the printed
            objective with the adversarial term of the released code, "printed" that term as
            printed.
        data: in `LAB_DATA`.

    Raises:
        ConfigError: an unknown name or data.
    """
    check_choice("preset", name, PRESETS)
    check_choice("data", data, LAB_DATA)
    return MetricConfig(**_COMMON | dict(PRESETS[name]) | (_TOY if data == "toy" else {}))
