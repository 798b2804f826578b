"""What the Results view says. No markup, no logic beyond filling in numbers."""

from collections.abc import Sequence
from typing import Final

from app.results import Ablations, Comparison
from app.text import DATASETS

HINT: Final = (
    "All numbers are read from stored result files; the command that made each of them stands "
    "under its table."
)
NO_TABLE: Final = "There is no comparison to show."
NO_TABLE_REASON: Final = (
    "The folder of results holds no comparison that can be read. "
    "Make one with python -m sadal_core benchmark."
)
LEFT_OUT: Final = "A result file was left out."
TABLE: Final = "Table"
FAMILY_FILTER: Final = "Families"
SORT: Final = "Sort by"
REVERSE: Final = "The other way round"
METHODS: Final = "Methods in the figures (at most {most})"
TABLE_LABEL: Final = "Comparison of methods; scrolls sideways"
NO_FAMILY: Final = "No family is chosen: tick one above."
NO_METHOD: Final = "No method is chosen: choose one above the figures."
SAVE: Final = "Save this table as"
FILES: Final = {"csv": "CSV", "json": "JSON", "md": "Markdown"}

FAMILIES: Final = {
    "classic": "classic", "shallow": "shallow", "deep": "deep", "modern": "modern",
    "metric": "metric learning",
}  # fmt: skip
PROTOCOLS: Final = {
    "lopo": "leave one person out", "subject_exclusive": "persons apart",
    "holdout": "held-out groups", "random": "random split",
}  # fmt: skip
_UNITS: Final = {
    "lopo": "persons", "subject_exclusive": "persons", "holdout": "groups of near-duplicates",
    "random": "persons or groups of near-duplicates",
}  # fmt: skip
LEAKY: Final = "leaky"
LEAKY_HEADLINE: Final = "A leaky protocol."
LEAKY_REASON: Final = (
    "Pictures of one person lie on both sides of the split, so these errors are too low: "
    "they do not say how far off a method is on people it has never seen."
)

MEASURED: Final = "Measured here"
REPORTED: Final = "As reported in the slides, not measured here"
COLUMNS: Final = {
    "method": "Method",
    "mae": "MAE, years (95\u00a0% interval)",
    "cs5": "CS(5), %",
    "minus_sadal": "MAE minus SADAL's, years (95\u00a0% interval)",
    "range": "MAE over the seeds, years",
    "family": "Family",
    "fidelity": "Does what its paper says?",
    "fgnet": "FG-NET MAE, years",
    "morph": "MORPH MAE, years",
    "doubt": "Doubts",
}
FAITHFUL: Final = {True: "faithful", False: "approximate"}
PAPER: Final = "Paper: {paper}."
DOUBT: Final = "in doubt"
NOTHING: Final = "–"
NOT_MEASURED: Final = "Not measured here: {why}"
NOT_IN_TABLE: Final = "it is in the slides only"

CS: Final = "Cumulative scores"
CS_CAPTION: Final = (
    "Each curve is the share of faces that a method is off by at most so many years: the higher "
    "and the further left, the better."
)
BANDS: Final = "Error by age"
BANDS_CAPTION: Final = (
    "Each mark is a method's MAE on the faces of one band of ages, whose number stands below: "
    "look where the curves part, and trust a band of few faces little."
)
DIFFERENCES: Final = "Differences on the same faces"
DIFFERENCES_CAPTION: Final = (
    "Each mark is the MAE of a method minus that of the reference, with its 95\u00a0% interval: "
    "left of zero is better than the reference, and an interval across zero shows no difference."
)
SADAL: Final = "minus SADAL"
CROSS_ENTROPY: Final = "minus plain cross-entropy"
DIFFERENCES_AXIS: Final = "Difference of MAE (years)"
ABLATIONS: Final = "Ablations of the metric stage"
NO_ABLATIONS: Final = "There are no ablations to show."
NO_ABLATIONS_REASON: Final = "Make them with python -m sadal_core ablate."
ABLATIONS_CAPTION: Final = (
    "Each mark is the MAE with one thing changed minus that of SADAL as it is, with its 95\u00a0% "
    "interval: right of zero the change makes it worse."
)
ABLATION_COLUMNS: Final = (
    "Changed", "MAE, years", "over the seeds, years", "CS(5), %",
    "Spearman's correlation of distance and age gap", "triplets in the wrong order, %",
)  # fmt: skip
ABLATIONS_LABEL: Final = "Ablations; scrolls sideways"
ABLATIONS_TABLE: Final = "All numbers of the ablations"
TRADEOFF: Final = "Error against time"
TRADEOFF_CAPTION: Final = (
    "Each dot is a network trained for this page, by its error before the metric stage: further "
    "left is faster, lower is better. Of each architecture one has its name and the 95\u00a0% "
    "interval of its error: the bundled one, in blue, or else the best. The first four (first, "
    "t112, t160, s160) were measured by the expectation on one view of a face; as the others are "
    "measured, by the median on the face and its mirror image, the bundled one is 0.07 years lower."
)
CARD: Final = "Model card"
NO_CARD: Final = "The model card (MODEL_CARD.md) is not here."


def name_of(comparison: Comparison) -> str:
    """What a comparison is called: its faces and its protocol."""
    faces = " and ".join(DATASETS.get(name, name) for name in comparison.datasets)
    leaky = f" ({LEAKY})" if comparison.leaky else ""
    return f"{faces}, {PROTOCOLS[comparison.protocol]}{leaky}"


def made_of(comparison: Comparison) -> str:
    """Over what a comparison was measured."""
    return (
        f"{name_of(comparison)}: {comparison.faces:,} faces of {comparison.units:,} "
        f"{_UNITS[comparison.protocol]}"
    )


def provenance(comparison: Comparison, model: str) -> list[str]:
    """How a table was made.

    Args:
        comparison: the table.
        model: SHA-256 of the model that the page runs.
    """
    made = comparison.model
    other = "" if made.sha256 == model else ", which is not the model that this page runs"
    return [
        f"{made_of(comparison)}; the intervals resample whole "
        f"{_UNITS[comparison.protocol]}. {_seeds(comparison.seeds)}; revision "
        f"{comparison.revision[:12]}.",
        f"Methods that read features read those of {made.backbone} (model {made.sha256[:12]}"
        f"{other}). Each chose from {comparison.candidates} settings on an inner "
        f"{100 * comparison.inner_share:.0f}\u00a0% of its training part.",
    ]


def ablations_provenance(ablations: Ablations) -> str:
    """How the ablations were made."""
    return (
        f"{ablations.faces:,} held-out faces. {_seeds(ablations.seeds)}; revision "
        f"{ablations.revision[:12]}."
    )


def _seeds(seeds: tuple[int, ...]) -> str:
    word = "Seed" if len(seeds) == 1 else "Seeds"
    return f"{word} {', '.join(str(seed) for seed in seeds)}"


def with_interval(value: float, low: float, high: float) -> str:
    """An error with its interval."""
    return f"{value:.2f} {_between(f'{low:.2f}', f'{high:.2f}')}"


def difference(value: float, low: float, high: float) -> str:
    """A difference with its interval, signed."""
    return f"{value:+.2f} {_between(f'{low:+.2f}', f'{high:+.2f}')}".replace("-", "\u2212")


def _between(low: str, high: str) -> str:
    """An interval that a narrow column does not break."""
    return f"({low}\u00a0to\u00a0{high})"


def over_seeds(low: float, high: float, seeds: int) -> str:
    """The range over seeds; a method that draws nothing has none."""
    return (
        "nothing drawn" if seeds == 1 else f"{low:.2f}\u00a0to\u00a0{high:.2f} ({seeds}\u00a0seeds)"
    )


def band(low: int, high: int) -> str:
    """A band of ages."""
    return f"{low}+" if high >= 100 else f"{low}–{high}"


def not_in_table(methods: Sequence[str], most: int) -> str:
    """What is said of the methods of a link that the figures do not show."""
    return (
        f"methods: {', '.join(methods)} left out, since this table has no such method "
        f"or the figures show {most} already."
    )
