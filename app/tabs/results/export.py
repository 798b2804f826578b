"""The table on show as files: CSV, JSON, Markdown."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from app import results_text as text
from app.results import LARGEST_ERROR, Comparison, Row, Slide, Slides
from app.tabs.results.entries import Entry
from app.tabs.results.table import NUMBERS, plain

_TRIPLES: Final = ("minus_sadal", "minus_cross_entropy")
_SLIDE: Final = ("fgnet", "morph", "doubt")
_ABOUT: Final = (
    "command", "revision", "protocol", "leaky", "datasets", "model", "seeds", "candidates",
    "inner_share", "faces", "units",
)  # fmt: skip


def as_csv(entries: Sequence[Entry]) -> str:
    """One line for each line of the table; years, and percent for CS; unknown is empty."""
    lines = [_flat(entry) for entry in entries]
    names = list(dict.fromkeys(name for line in lines for name in line))
    out = io.StringIO()
    table = csv.DictWriter(out, names, lineterminator="\n")
    table.writeheader()
    table.writerows(lines)
    return out.getvalue()


def _flat(entry: Entry) -> dict[str, Any]:
    slide = entry.slide or Slide(entry.method, None, None)
    line = {"method": entry.method, "title": entry.title} | (_row(entry.row) if entry.row else {})
    reported = {f"slides_{name}": getattr(slide, name) for name in _SLIDE}
    return line | {"why_not_measured": entry.why} | reported


def _row(row: Row) -> dict[str, Any]:
    line: dict[str, Any] = {
        "family": row.family, "mae": row.mae, "mae_low": row.interval[0],
        "mae_high": row.interval[1], "bias": row.bias, "cs5": row.cs5,
    }  # fmt: skip
    for name in _TRIPLES:
        parts = getattr(row, name) or (None, None, None)
        line |= dict(zip((name, f"{name}_low", f"{name}_high"), parts, strict=True))
    line |= {
        "seeds": row.seeds, "mae_lowest_seed": row.mae_range[0],
        "mae_highest_seed": row.mae_range[1], "faithful": row.faithful, "departs": row.departs,
        "paper": row.paper, "reads": row.reads,
    }  # fmt: skip
    return line | {f"cs_{years}": row.cs[years] for years in range(LARGEST_ERROR + 1)}


def as_json(comparison: Comparison, entries: Sequence[Entry], slides: Slides | None) -> str:
    """The lines on show with everything that is known of them, and how they were made."""
    stored = asdict(comparison)
    made = {name: stored[name] for name in _ABOUT}
    made["rows"] = [asdict(e.row) for e in entries if e.row]
    made["absent"] = [
        {"method": e.method, "title": e.title, "why": e.why} for e in entries if not e.row
    ]
    made["slides"] = {
        "source": slides.source if slides else None,
        "note": slides.note if slides else None,
        "rows": [asdict(e.slide) for e in entries if e.slide],
    }
    return json.dumps(made, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_markdown(comparison: Comparison, entries: Sequence[Entry]) -> str:
    """The table as GitHub shows it."""
    heads = [f"slides: {t}" if n in _SLIDE else t for n, t in text.COLUMNS.items()]
    rules = ["---:" if name in NUMBERS else "---" for name in text.COLUMNS]
    lines = [_marked(heads), _marked(rules)]
    for entry in entries:
        cells = plain(entry)
        if entry.row is None:
            cells["family"] = text.NOT_MEASURED.format(why=cells["why"])
        else:
            cells["fidelity"] = f"{cells['fidelity']}. {cells['paper']} {entry.row.departs}"
        lines.append(_marked([cells.get(name, "") for name in text.COLUMNS]))
    about = f"{text.made_of(comparison)}. Made by `{comparison.command}`."
    return "\n".join([*lines, "", about, ""])


def _marked(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
