"""Stored result files as frozen dataclasses: comparisons, ablations, the slides' numbers.

A file that cannot be read is left out with a sentence that says why, so that it does not take the
others with it. Errors and differences of errors are in years, CS is in percent.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from sadal_core.bundled import MODEL_CARD, RESULTS
from sadal_core.errors import DataError

FORMAT: Final = 1  # of comparisons
LARGEST_ERROR: Final = 10  # years up to which CS is stored
_ORDER: Final = ("lopo", "subject_exclusive", "holdout", "random")
_FIRST: Final = ["fgnet"]

Family = Literal["classic", "shallow", "deep", "modern", "metric"]
Protocol = Literal["lopo", "subject_exclusive", "holdout", "random"]
Interval = tuple[FiniteFloat, FiniteFloat]
Difference = tuple[FiniteFloat, FiniteFloat, FiniteFloat]  # with its 95 % interval
Scores = Annotated[
    tuple[FiniteFloat, ...], Field(min_length=LARGEST_ERROR + 1, max_length=LARGEST_ERROR + 1)
]


@dataclass(frozen=True)
class Band:
    """The error on the `n` faces of a band of ages; both ends belong to it."""

    low: int
    high: int
    n: int
    mae: FiniteFloat | None
    bias: FiniteFloat | None


@dataclass(frozen=True)
class Row:
    """A method that was measured.

    Attributes:
        interval: of the MAE, 95 %.
        cs: share of faces off by at most 0, 1, ..., 10 years.
        mae_range: lowest and highest MAE over the seeds.
        seeds: with which it was measured; one where nothing is drawn.
        minus_sadal: MAE minus SADAL's on the same faces; None where SADAL was not measured.
        minus_cross_entropy: the same for plain cross-entropy.
        chosen: how often each of the candidates was chosen.
    """

    method: str
    title: str
    family: Family
    paper: str
    faithful: bool
    departs: str
    reads: str
    mae: FiniteFloat
    interval: Interval
    cs: Scores
    cs5: FiniteFloat
    bias: FiniteFloat
    bands: tuple[Band, ...]
    seeds: int
    mae_range: Interval
    minus_sadal: Difference | None
    minus_cross_entropy: Difference | None
    candidates: tuple[dict[str, Any], ...]
    chosen: tuple[int, ...]
    fit_seconds: FiniteFloat
    predict_seconds: FiniteFloat


@dataclass(frozen=True)
class Absent:
    """A method that was not measured, and why."""

    method: str
    title: str
    why: str


@dataclass(frozen=True)
class Features:
    """The model whose features the methods read."""

    sha256: str
    revision: str
    backbone: str


@dataclass(frozen=True)
class Comparison:
    """Methods on the same folds of the same faces.

    Attributes:
        units: persons, or groups of near-duplicates: what a fold keeps together and an interval
            resamples.
        leaky: whether faces of one person may lie on both sides.
        name: of its file, without beginning and ending.
    """

    command: str
    revision: str
    protocol: Protocol
    leaky: bool
    datasets: tuple[str, ...]
    model: Features
    seeds: tuple[int, ...]
    candidates: int
    inner_share: FiniteFloat
    faces: int
    units: int
    rows: tuple[Row, ...]
    absent: tuple[Absent, ...]
    name: str = ""


@dataclass(frozen=True)
class Slide:
    """MAE as the slides print it, on MORPH and FG-NET, and what makes one doubt it."""

    method: str
    morph: FiniteFloat | None
    fgnet: FiniteFloat | None
    doubt: str | None = None
    title: str = ""


@dataclass(frozen=True)
class Slides:
    """The numbers of the slides, where they are from, and how they were measured."""

    source: str
    note: str
    rows: tuple[Slide, ...]


@dataclass(frozen=True)
class Ablation:
    """The metric stage with one thing changed; measures as in `Row`."""

    name: str
    settings: tuple[str, ...]
    seeds: int
    mae: FiniteFloat
    cs5: FiniteFloat
    spearman: FiniteFloat
    order_violations: FiniteFloat
    mae_range: Interval
    mae_minus_sadal: Difference
    alarms: tuple[str, ...]


@dataclass(frozen=True)
class Ablations:
    """All ablations on the same held-out faces."""

    command: str
    revision: str
    seeds: tuple[int, ...]
    faces: int
    rows: tuple[Ablation, ...]


_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class Results:
    """Everything that the Results view shows.

    Attributes:
        comparisons: in the order in which they are offered.
        slides: None without them; so for the others.
        card: the model card, Markdown.
        notes: one sentence for each file that was left out.
    """

    comparisons: tuple[Comparison, ...] = ()
    slides: Slides | None = None
    ablations: Ablations | None = None
    card: str | None = None
    notes: tuple[str, ...] = ()


def load_results(folder: Path = RESULTS, card: Path = MODEL_CARD) -> Results:
    """What a folder of result files holds, FG-NET's leave-one-person-out first."""
    notes: list[str] = []

    def read(path: Path, kind: type[Any]) -> Any:
        try:
            return read_results(path, kind)
        except DataError as error:
            notes.append(str(error))
            return None

    found = (read(path, Comparison) for path in sorted(folder.glob("comparison-*.json")))
    comparisons = sorted((one for one in found if one is not None), key=_place)
    slides, ablations = (
        read(path, kind) if path.is_file() else None
        for path, kind in ((folder / "slides.json", Slides), (folder / "ablations.json", Ablations))
    )
    words = card.read_text("utf-8") if card.is_file() else None
    return Results(tuple(comparisons), slides, ablations, words, tuple(notes))


def _place(comparison: Comparison) -> tuple[bool, int, str]:
    return (
        list(comparison.datasets) != _FIRST,
        _ORDER.index(comparison.protocol),
        comparison.name,
    )


def read_results(path: Path, kind: type[_Kind]) -> _Kind:
    """The contents of a result file.

    Args:
        path: of the file.
        kind: dataclass of what it holds, such as `Comparison`.

    Raises:
        DataError: it cannot be read, is damaged, or was made by another version; says so, and which
            command makes it.
    """
    try:
        text = path.read_text("utf-8")
        head = json.loads(text)
    except (OSError, ValueError, RecursionError):
        raise DataError(f"{path.name} is damaged: it is no JSON file. Make it again.") from None
    command = head.get("command") if isinstance(head, dict) else None
    again = f"Run its command again: {command}" if isinstance(command, str) else "Make it again."
    if kind is Comparison and isinstance(head, dict) and head.get("format") != FORMAT:
        raise DataError(f"{path.name} was made by another version of this program. {again}")
    try:
        made = TypeAdapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise DataError(f"{path.name} is damaged: {where}: {first['msg']}. {again}") from None
    if isinstance(made, Comparison):
        return replace(made, name=path.stem.removeprefix("comparison-"))
    return made
