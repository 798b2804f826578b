"""What the Results view answers: values of its parts for a table, a filter and an order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final, NamedTuple

from app import results_text as text
from app.components.figure import figure_data
from app.components.stage import data_url
from app.components.words import refusal, sentences
from app.figures.comparison import MOST, band_errors, cs_curves, differences, looks
from app.figures.tradeoff import tradeoff
from app.results import Ablations, Comparison, Results, Row
from app.tabs.results.entries import Entry, entries, shown
from app.tabs.results.export import as_csv, as_json, as_markdown
from app.tabs.results.table import comparison_table
from app.tried import Tried

START: Final = ("sadal", "single_label", "quadruplet", "ohranker", "lsdml")  # in the figures
_MIMES: Final = {"csv": "text/csv", "json": "application/json", "md": "text/markdown"}
_LINK: Final = re.compile(r"\[([^\]]*)\]\((?!https?:)[^)]*\)")  # to files that the page has not


@dataclass(frozen=True)
class State:
    """What is looked at.

    Attributes:
        table: name of the comparison.
        families: that are shown.
        sort: column.
        reverse: whether the order is the other way round.
        methods: in the figures.
    """

    table: str
    families: tuple[str, ...]
    sort: str
    reverse: bool
    methods: tuple[str, ...]

    def texts(self) -> dict[str, str]:
        """As a link has it."""
        return {
            "table": self.table, "families": ",".join(self.families), "sort": self.sort,
            "reverse": "yes" if self.reverse else "no", "methods": ",".join(self.methods),
        }  # fmt: skip


class Answer(NamedTuple):
    """Values of the parts: HTML, and figures as `figure_view` takes them."""

    table: str
    made: str
    saves: str
    problem: str
    cs: dict[str, Any]
    bands: dict[str, Any]
    differences: dict[str, Any]


def answer(results: Results, state: State, model: str) -> Answer:
    """The table on show, its files, and its figures.

    Args:
        results: everything stored.
        state: whose table is one of the comparisons.
        model: SHA-256 of the model that the page runs.
    """
    comparison = named(results, state.table)
    lines = shown(
        entries(comparison, results.slides), state.families, state.sort, reverse=state.reverse
    )
    chosen = [row for method in ordered(state.methods) for row in comparison.rows
              if row.method == method][:MOST]  # fmt: skip
    colours = {method: look.colour for method, look in looks([r.method for r in chosen]).items()}
    leaky = refusal(text.LEAKY_HEADLINE, text.LEAKY_REASON) if comparison.leaky else ""
    table = comparison_table(comparison, lines, state.sort, colours, reverse=state.reverse)
    return Answer(
        leaky + table if lines else refusal(text.NO_FAMILY, ""),
        _made(comparison, results, model),
        _saves(comparison, lines, results),
        "" if chosen else refusal(text.NO_METHOD, ""),
        figure_data(cs_curves({row.title: row.cs for row in chosen})),
        figure_data(_bands(chosen)),
        figure_data(_differences([entry.row for entry in lines if entry.row])),
    )


def named(results: Results, name: str) -> Comparison:
    """The comparison of a name; the first one where there is none of that name."""
    return next((one for one in results.comparisons if one.name == name), results.comparisons[0])


def ordered(methods: Sequence[str]) -> list[str]:
    """Methods with SADAL first, which so keeps its colour."""
    return sorted(methods, key=lambda method: method != START[0])


def titles(comparison: Comparison) -> list[tuple[str, str]]:
    """Methods of a table that figures can show, as choices."""
    return [(row.title, row.method) for row in comparison.rows]


def kept(comparison: Comparison, methods: Sequence[str]) -> tuple[str, ...]:
    """Those methods that a table has."""
    present = {row.method for row in comparison.rows}
    return tuple(method for method in methods if method in present)[:MOST]


def _made(comparison: Comparison, results: Results, model: str) -> str:
    slides = results.slides
    said = text.provenance(comparison, model)
    if slides:
        said.append(f"{text.REPORTED}: {slides.source}. {slides.note}")
    return f"{sentences(said)}{command(comparison.command)}"


def command(line: str) -> str:
    """A command to copy."""
    return f'<pre class="sadal-command" tabindex="0">{escape(line)}</pre>'


def _saves(comparison: Comparison, lines: Sequence[Entry], results: Results) -> str:
    files = {
        "csv": as_csv(lines),
        "json": as_json(comparison, lines, results.slides),
        "md": as_markdown(comparison, lines),
    }
    links = "".join(
        f'<a class="sadal-save" download="comparison-{escape(comparison.name)}.{kind}" '
        f'href="{data_url(content.encode(), _MIMES[kind])}">{text.FILES[kind]}</a>'
        for kind, content in files.items()
    )
    return f'<p class="sadal-saves"><span>{text.SAVE}</span>{links}</p>'


def _bands(chosen: Sequence[Row]) -> Any:
    """Errors over the bands of the first row: all rows of a table are of the same faces."""
    bands = chosen[0].bands if chosen else ()
    return band_errors(
        [text.band(band.low, band.high) for band in bands],
        [band.n for band in bands],
        {row.title: [band.mae for band in row.bands] for row in chosen},
    )


def _differences(rows: Sequence[Row]) -> Any:
    return differences(
        [row.title for row in rows],
        {
            text.SADAL: [row.minus_sadal for row in rows],
            text.CROSS_ENTROPY: [row.minus_cross_entropy for row in rows],
        },
        axis=text.DIFFERENCES_AXIS,
    )


def ablations(stored: Ablations) -> dict[str, Any]:
    """The figure of the ablations."""
    return figure_data(
        differences(
            [row.name for row in stored.rows],
            {text.SADAL: [row.mae_minus_sadal for row in stored.rows]},
            axis=text.DIFFERENCES_AXIS,
        )
    )


def tradeoff_of(tried: Sequence[Tried]) -> dict[str, Any]:
    """The figure of the models that were tried.

    Of an architecture the bundled model has its name beside it, or else the best one: names of all
    would lie on each other, since all take the same time.
    """
    ordered = sorted(tried, key=lambda one: (one.backbone, not one.bundled, one.mae))
    first = {one.backbone: one.name for one in reversed(ordered)}
    return figure_data(
        tradeoff(
            [one.name for one in tried],
            [one.milliseconds for one in tried],
            [(one.mae, *one.interval) for one in tried],
            named=set(first.values()),
            bundled={one.name for one in tried if one.bundled},
        )
    )


def card(words: str) -> str:
    """The model card below the page's own headings, without links that lead nowhere here."""
    body = re.sub(r"\A# .*\n", "", words)
    body = re.sub(r"^(#+ )", r"#\1", body, flags=re.MULTILINE)
    return _LINK.sub(r"\1", re.sub(r"<!--.*?-->\n?", "", body))
