"""The lines of a comparison: measured, absent, or in the slides only; filtered and sorted."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from app import results_text as text
from app.results import Comparison, Row, Slide, Slides


@dataclass(frozen=True)
class Entry:
    """A line of the table.

    Attributes:
        row: what was measured, or None.
        why: nothing was measured.
        slide: what the slides report, or None.
    """

    method: str
    title: str
    row: Row | None
    why: str
    slide: Slide | None


def entries(comparison: Comparison, slides: Slides | None) -> list[Entry]:
    """All lines: measured ones, absent ones, and those that only the slides have."""
    reported = {slide.method: slide for slide in slides.rows} if slides else {}
    made = [
        Entry(row.method, row.title, row, "", reported.pop(row.method, None))
        for row in comparison.rows
    ]
    made += [
        Entry(one.method, one.title, None, one.why, reported.pop(one.method, None))
        for one in comparison.absent
    ]
    return made + [
        Entry(slide.method, slide.title or slide.method, None, text.NOT_IN_TABLE, slide)
        for slide in reported.values()
    ]


class Order(NamedTuple):
    """How a column sorts: by what, None being last, and whether from the highest on."""

    value: Callable[[Entry], Any]
    falls: bool = False


def _measured(value: Callable[[Row], Any], *, falls: bool = False) -> Order:
    return Order(lambda entry: None if entry.row is None else value(entry.row), falls)


def _reported(value: Callable[[Slide], Any]) -> Order:
    return Order(lambda entry: None if entry.slide is None else value(entry.slide))


ORDERS: Final[dict[str, Order]] = {
    "method": Order(lambda entry: entry.title.casefold()),
    "mae": _measured(lambda row: row.mae),
    "cs5": _measured(lambda row: row.cs5, falls=True),
    "minus_sadal": _measured(lambda row: row.minus_sadal[0] if row.minus_sadal else None),
    "range": _measured(lambda row: row.mae_range[1] - row.mae_range[0]),
    "family": _measured(lambda row: list(text.FAMILIES).index(row.family)),
    "fidelity": _measured(lambda row: not row.faithful),
    "fgnet": _reported(lambda slide: slide.fgnet),
    "morph": _reported(lambda slide: slide.morph),
    "doubt": _reported(lambda slide: not slide.doubt),
}


def shown(
    made: Sequence[Entry], families: Collection[str], sort: str, *, reverse: bool
) -> list[Entry]:
    """The lines of some families in the order of a column; what has no value there comes last.

    Lines that were not measured have no family, and are shown with all of them.
    """
    everything = set(families) >= set(text.FAMILIES)
    kept = [e for e in made if (e.row.family in families if e.row else everything)]
    order = ORDERS[sort]
    known = [entry for entry in kept if order.value(entry) is not None]
    known.sort(key=order.value, reverse=order.falls != reverse)
    return known + [entry for entry in kept if order.value(entry) is None]
