"""The settings of the lab as parts of the page, by the names that the core gives them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import gradio as gr

from app import lab_text as text
from app.components.choice import Dropdown

_RATES: Final = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0)


def _slider(low: float, high: float, step: float) -> Callable[..., gr.Slider]:
    return lambda label, elem_id: gr.Slider(low, high, step=step, label=label, elem_id=elem_id)


def _one_of(*choices: Any, free: bool = False) -> Callable[..., Dropdown]:
    return lambda label, elem_id: Dropdown(
        [(f"{c:g}" if isinstance(c, float) else str(c), c) for c in choices],
        value=choices[0], label=label, elem_id=elem_id, filterable=free, allow_custom_value=free,
    )  # fmt: skip


def _number(*, whole: bool = False) -> Callable[..., gr.Number]:
    return lambda label, elem_id: gr.Number(
        label=label, elem_id=elem_id, precision=0 if whole else None
    )


_WEIGHT: Final = _slider(0, 10, 0.05)
# What each setting is chosen with, by group; an empty number is None.
SPECS: Final[dict[str, dict[str, Callable[..., Any]]]] = {
    "similarity": {
        "variant": _one_of("slide", "wing_norm", "code_literal", "none"),
        "L": _slider(1, 20, 0.5), "eps": _slider(0.1, 5, 0.1), "C": _number(),
        "q_on": _one_of("margin", "distance"), "tau": _slider(0.01, 2, 0.01),
    },
    "adversary": {
        "generator": _one_of("mlp", "linear", "midpoint", "none"),
        "hidden": _one_of(8, 16, 32, 64, 128, 256),
        "adv": _one_of("one_minus_q", "printed", "daml"), "alpha": _number(),
        "hard": _WEIGHT, "reg": _WEIGHT, "adversarial": _WEIGHT,
    },
    "metric": {
        "synthetic": _WEIGHT, "real": _WEIGHT, "positive": _WEIGHT,
        "hinge_power": _one_of(1, 2), "pos_power": _one_of(1, 2),
        "dim": _one_of(2, 3, 10, 50, 100, 200),
    },
    "learning": {
        "learning_rate": _one_of(*_RATES, free=True),
        "generator_rate": _one_of(*_RATES, free=True),
        "weight_decay": _number(), "batch_size": _one_of(32, 64, 128, 256),
        "age_window": _number(whole=True), "grad": _one_of("separate", "joint"),
        "metric_epochs": _number(whole=True), "generator_epochs": _number(whole=True),
        "alternating_epochs": _number(whole=True),
    },
}  # fmt: skip


def setting_controls() -> dict[str, Any]:
    """One part for each setting, by its name, laid out in groups."""
    made: dict[str, Any] = {}
    for group, specs in SPECS.items():
        gr.HTML(f"<h2>{text.GROUPS[group]}</h2>", padding=False)
        with gr.Row(elem_classes="sadal-lab-settings"):
            for name, make in specs.items():
                made[name] = make(text.LABELS[name], f"sadal-lab-{name}")
    return made


def as_texts(values: Mapping[str, Any]) -> dict[str, str]:
    """What the controls hold, as `lab.state.read_state` reads it."""
    return {name: "none" if v in (None, "") else _text(v) for name, v in values.items()}


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))  # a slider gives whole numbers as floats
    return str(value)
