"""The comparison of methods, and the ablations, as HTML tables."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from app import results_text as text
from app.results import Ablations, Comparison, Row, Slide
from app.tabs.results.entries import ORDERS, Entry

_REPORTED: Final = ("fgnet", "morph", "doubt")
_OF_A_ROW: Final = tuple(name for name in text.COLUMNS if name not in ("method", *_REPORTED))
_FOLDS: Final = ("fidelity", "doubt")
NUMBERS: Final = ("mae", "cs5", "minus_sadal", "range", "fgnet", "morph")

_KINDS: Final = {"sadal-number": NUMBERS, "sadal-reported": _REPORTED, "sadal-fold": _FOLDS}


def plain(entry: Entry) -> dict[str, str]:
    """The texts of a line by column; a line that was not measured has the reason under `why`."""
    cells = {"method": entry.title} | _reported(entry.slide)
    return cells | (_measured(entry.row) if entry.row else {"why": entry.why})


def _measured(row: Row) -> dict[str, str]:
    less = row.minus_sadal
    return {
        "family": text.FAMILIES[row.family],
        "mae": text.with_interval(row.mae, *row.interval),
        "cs5": f"{row.cs5:.1f}",
        # SADAL minus itself is no number to read.
        "minus_sadal": text.difference(*less) if less and any(less) else text.NOTHING,
        "range": text.over_seeds(*row.mae_range, row.seeds),
        "fidelity": text.FAITHFUL[row.faithful],
        "paper": text.PAPER.format(paper=row.paper),
    }


def _reported(slide: Slide | None) -> dict[str, str]:
    values = (None, None) if slide is None else (slide.fgnet, slide.morph)
    fgnet, morph = (text.NOTHING if value is None else f"{value:.2f}" for value in values)
    return {"fgnet": fgnet, "morph": morph, "doubt": (slide.doubt or "") if slide else ""}


def comparison_table(
    comparison: Comparison,
    entries: Sequence[Entry],
    sort: str,
    colours: Mapping[str, str],
    *,
    reverse: bool,
) -> str:
    """The table; its heads are buttons that sort.

    Args:
        comparison: which faces and protocol.
        entries: lines in their order.
        sort: column of that order.
        colours: of the methods that the figures show.
        reverse: whether the order is the other way round.
    """
    heads = "".join(_head(name, sort, reverse=reverse) for name in text.COLUMNS)
    groups = (
        f'<tr><td></td><th scope="colgroup" colspan="{len(_OF_A_ROW)}">{text.MEASURED}</th>'
        f'<th scope="colgroup" colspan="{len(_REPORTED)}" class="sadal-reported">'
        f"{text.REPORTED}</th></tr>"
    )
    lines = "".join(_line(entry, colours.get(entry.method)) for entry in entries)
    return _scrolling(
        text.TABLE_LABEL,
        f"<caption><span>{escape(text.made_of(comparison))}.</span></caption>"
        f"<thead>{groups}<tr>{heads}</tr></thead><tbody>{lines}</tbody>",
    )


def _scrolling(label: str, table: str) -> str:
    return (
        f'<div class="sadal-scroll" role="region" tabindex="0" aria-label="{label}">'
        f'<table class="sadal-results">{table}</table></div>'
    )


def _head(name: str, sort: str, *, reverse: bool) -> str:
    order = ""
    if name == sort:
        falls = ORDERS[name].falls != reverse
        order = f' aria-sort="{"descending" if falls else "ascending"}"'
    return (
        f'<th scope="col"{_kind(name)}{order}><button type="button" data-sort="{name}">'
        f"{text.COLUMNS[name]}</button></th>"
    )


def _kind(name: str) -> str:
    kinds = [kind for kind, names in _KINDS.items() if name in names]
    return f' class="{" ".join(kinds)}"' if kinds else ""


def _line(entry: Entry, colour: str | None) -> str:
    cells = {name: escape(words) for name, words in plain(entry).items()}
    mark = f'<i style="background:{colour}"></i>' if colour else ""
    head = f'<th scope="row">{mark}{cells["method"]}</th>'
    if cells["doubt"]:
        cells["doubt"] = _folded(text.DOUBT, cells["doubt"])
    if entry.row is None:
        why = text.NOT_MEASURED.format(why=cells["why"])
        middle = f'<td colspan="{len(_OF_A_ROW)}" class="sadal-absent"><span>{why}</span></td>'
    else:
        cells["fidelity"] = _folded(cells["fidelity"], cells["paper"], escape(entry.row.departs))
        middle = "".join(f"<td{_kind(name)}>{cells[name]}</td>" for name in _OF_A_ROW)
    reported = "".join(f"<td{_kind(name)}>{cells[name]}</td>" for name in _REPORTED)
    chosen = ' data-chosen="true"' if colour else ""
    return f'<tr data-method="{escape(entry.method)}"{chosen}>{head}{middle}{reported}</tr>'


def _folded(summary: str, *words: str) -> str:
    """Paragraphs that open at a click; without any there is nothing to open."""
    paragraphs = "".join(f"<p>{one}</p>" for one in words if one)
    return f"<details><summary>{summary}</summary>{paragraphs}</details>" if words else summary


def ablations_table(ablations: Ablations) -> str:
    """The numbers of all ablations, and what the detectors of collapse said, folded away."""
    heads = "".join(
        f'<th scope="col" class="sadal-number">{name}</th>' for name in text.ABLATION_COLUMNS[1:]
    )
    lines = ""
    for row in ablations.rows:
        numbers = (
            f"{row.mae:.2f}", text.over_seeds(*row.mae_range, row.seeds), f"{row.cs5:.1f}",
            f"{row.spearman:.3f}", f"{100 * row.order_violations:.1f}",
        )  # fmt: skip
        cells = "".join(f'<td class="sadal-number">{number}</td>' for number in numbers)
        more = [escape(words) for words in (", ".join(row.settings), *row.alarms) if words]
        lines += f'<tr><th scope="row">{_folded(escape(row.name), *more)}</th>{cells}</tr>'
    table = (
        f'<thead><tr><th scope="col">{text.ABLATION_COLUMNS[0]}</th>{heads}</tr></thead>'
        f"<tbody>{lines}</tbody>"
    )
    return (
        f'<details class="sadal-believe"><summary>{text.ABLATIONS_TABLE}</summary>'
        f"{_scrolling(text.ABLATIONS_LABEL, table)}</details>"
    )
