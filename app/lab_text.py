"""Every sentence of the Train view, as `app.text` for the others."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class CurveWords(NamedTuple):
    """Words of one figure.

    Attributes:
        title: what it is of.
        axis: title of the axis, with its unit.
        second: the same of the axis on the right; empty where there is none.
        names: of the series, by their keys.
    """

    title: str
    axis: str
    second: str
    names: Mapping[str, str]


HINT: Final = (
    "The metric stage of SADAL on the processor of this machine, turn by turn: the generator G "
    "(orange) moves negatives to hard places, the metric f (blue) learns to keep them apart. "
    "Same settings and seed, same numbers: also in the notebook and with the command below."
)
DATA: Final = "Learn from"
DATA_NAMES: Final = {"faces": "real faces", "toy": "a toy of two features"}
DATA_HINTS: Final = {
    "faces": (
        "Features of the gallery's samples, of which every tenth is held out. The backbone "
        "has seen all of them, so errors are lower here than on new people."
    ),
    "toy": (
        "One direction tells the age, the other varies as much and tells nothing. Features and "
        "metric have two axes, so what you see is all there is."
    ),
}
PRESET: Final = "Preset"
PRESET_NAMES: Final = {
    "corrected": "corrected (Q on the margin)",
    "paper": "paper (Q on the distance)",
    "printed": "printed (inert adversary)",
    "no generator": "no generator",
    "midpoint": "midpoint",
    "collapse": "collapse (pull alone)",
}
WATCH: Final = {
    "corrected": (
        "Watch distances line up with age: the rank correlation rises within the first hundred "
        "turns.",
        "The generated negatives (orange) settle between anchor and source.",
    ),
    "paper": (
        "Q divides the demand here, so near ages are pushed hardest; the correlation rises less "
        "than with the corrected preset, or falls.",
        "Almost every hinge stays active: the demanded distances are out of reach.",
    ),
    "printed": (
        "The share of active adversarial terms is 0 from the first turn to the last: the printed "
        "term is max(0, −dQ − τ)², and vanishes.",
        "The generator learns from its other two terms alone, which meet at the midpoint.",
    ),
    "no generator": (
        "There is nothing orange: the metric learns from real negatives alone.",
        "Compare error and correlation with those of the corrected preset after as many turns: "
        "on these features they hardly differ.",
    ),
    "midpoint": (
        "Every generated negative lies exactly halfway between anchor and source (ratio .50), "
        "without any learning.",
        "It does about as well as the trained generator: a control every adversarial method needs.",
    ),
    "collapse": (
        "Only the pull of positives is left: the variance falls towards 0, all embeddings run "
        "together at one point, and the alarm rings.",
        "Neighbours may stay in order all the way, so the error alone would not show it.",
    ),
}
SEED: Final = "Seed"
SETTINGS: Final = "All settings"
REFUSED: Final = "Not changed."
RESTORED: Final = "From the link:"

GROUPS: Final = {
    "similarity": "Similarity Q",
    "adversary": "Generator and its terms",
    "metric": "Terms of the metric",
    "learning": "Sampling and learning",
}
LABELS: Final = {
    "variant": "Form of Q",
    "L": "L: kink (years)",
    "eps": "ε: curvature (years)",
    "C": "C (empty: the branches meet)",
    "q_on": "Q weighs the",
    "tau": "τ: margin (squared distance)",
    "generator": "Generator",
    "hidden": "Width of its hidden layer",
    "adv": "Adversarial term",
    "alpha": "α of daml (squared distance)",
    "hard": "Weight of hard: near the anchor",
    "reg": "Weight of reg: near the source",
    "adversarial": "Weight of adv: fools the metric",
    "synthetic": "Weight of generated negatives",
    "real": "Weight of real negatives",
    "positive": "Weight of the positives' pull",
    "hinge_power": "Power of the hinges",
    "pos_power": "Power of the pull",
    "age_window": "Largest gap of a negative (years; empty: any)",
    "batch_size": "Quadruplets in a turn",
    "learning_rate": "Learning rate of f",
    "generator_rate": "Learning rate of G",
    "weight_decay": "Weight decay",
    "grad": "Gradients",
    "dim": "Length of an embedding",
    "metric_epochs": "Epochs of f alone first",
    "generator_epochs": "Epochs of G alone next",
    "alternating_epochs": "Epochs of both after that",
}

FEATURES_AXES: Final = {
    "faces": ("First direction of x (PCA)", "Second direction of x (PCA)"),
    "toy": ("First feature x₁", "Second feature x₂"),
}
METRIC_AXES: Final = {
    "faces": ("First direction of f(x) (PCA)", "Second direction of f(x) (PCA)"),
    "toy": ("First axis of f(x)", "Second axis of f(x)"),
}
FEATURES_TITLE: Final = "Features x: where G works"
METRIC_TITLE: Final = "Metric f(x): where distances are taken"
POINT_NAMES: Final = {
    "sample": "real sample, %{customdata[0]} years",
    "generated": "generated from a negative of %{customdata[0]} years<br>"
    "against an anchor of %{customdata[1]} years",
}
CURVES: Final = {
    "losses": CurveWords(
        "Loss of each player", "Mean over a batch", "",
        {"generator_loss": "generator G", "metric_loss": "metric f"},
    ),
    "order": CurveWords(
        "Held-out samples: order and error", "Rank correlation",
        "MAE (years)",
        {"validation_order_correlation": "correlation", "validation_mae": "MAE"},
    ),
    "shares": CurveWords(
        "Active terms, and where generated ones lie", "Share, or ratio", "",
        {
            "adv_active": "G_adv",
            "synthetic_active": "D, generated",
            "real_active": "D, real",
            "probe_copy_ratio": "anchor 0 … source 1",
        },
    ),
}  # fmt: skip
FIGURES: Final = {
    "features": "Plot of the features",
    "metric": "Plot of the metric",
    "losses": "Losses over the turns",
    "order": "Order and error over the turns",
    "shares": "Active shares over the turns",
}
# Key of a record, what it is called, digits, unit.
DETECTORS: Final = (
    ("validation_mae", "MAE, held out", 3, "years"),
    ("validation_order_correlation", "correlation, held out", 4, ""),
    ("validation_order_violations", "triplets out of order", 4, ""),
    ("probe_total_variance", "variance of f(x)", 5, ""),
    ("probe_effective_rank", "directions in use", 2, ""),
    ("probe_copy_ratio", "generated: 0 anchor, 1 source", 3, ""),
    ("probe_midpoint_residual", "generated: off the midpoint", 3, ""),
    ("probe_adversary_active", "adversarial term acts", 3, ""),
    ("probe_metric_active", "hinge on generated acts", 3, ""),
)
NUMBERS: Final = "Measured now"

PLAY: Final = "Play"
BOTH: Final = "Step"
GENERATOR: Final = "Step of G"
METRIC: Final = "Step of f"
RESET: Final = "Start over"
CSV: Final = "Records as CSV"
SPEED: Final = "Speed"
SPEEDS: Final = {"slow": "2 turns/s", "medium": "10 turns/s", "fast": "as fast as it can"}
WORDS: Final = {
    "play": PLAY,
    "pause": "Pause",
    "turn": "turn {turn}",
    "rate": "{rate} turns/s",
    "replaying": "Making this state again: {left} turns to go …",
    "waiting": "{seats} trainings are running; {place} before you. Yours starts by itself.",
    "finished": "All turns have been taken. Start over to go on.",
    "notGenerator": "These settings have no turn of the generator alone.",
    "notMetric": "These settings have no turn of the metric alone.",
    "failed": "The plots could not be drawn: their program did not load. Reload the page.",
    "slow": "The server does not answer; paused.",
    "before": "before",
}
COMMAND: Final = "The same numbers on the command line:"
LOST: Final = "The training stopped."


def not_held(name: str, value: str) -> str:
    """A setting of a link that the page cannot show."""
    return f"{name}={value[:40]} was left out: its control on this page has no such value."


def command(texts: dict[str, str]) -> str:
    """What gives the same numbers on the command line."""
    own = {name: text for name, text in texts.items() if name not in ("data", "preset", "turns")}
    words = [
        "python -m sadal_core lab",
        f"--data {texts['data']}",
        f"--preset {_quoted(texts['preset'])}",
        f"--turns {texts.get('turns') or '0b'}",
        "--set " + " ".join(f"{name}={text}" for name, text in own.items()) if own else "",
    ]
    return " ".join(word for word in words if word)


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word
