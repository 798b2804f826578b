"""Table of what weighing groups of people alike brings, for `measured_tables.py`."""

from typing import Any

from stored import stored

_ERRORS = ("mae", "mae_to_12", "mae_over_60")
_TITLES = {0.0: "as they are", 0.5: "halfway", 1.0: "all groups alike"}


def balance_table() -> str:
    """Errors and how far groups lie apart, per way of drawing; the range over the seeds."""
    record = stored("results/benchmark-balance.json")
    lines = [
        "| training faces drawn | UTKFace: MAE, years | up to 12 | over 60 "
        "| sexes apart at equal ages | groups apart at equal ages "
        "| All-Age-Faces: MAE, years | up to 12 | over 60 | sexes apart at equal ages |",
        "|---" * 10 + "|",
    ]
    for power in sorted({row["power"] for row in record["rows"]}):
        drawn = [row["held_out"] for row in record["rows"] if row["power"] == power]
        utkface, aaf = (
            [next(one for one in held if one["dataset"] == name) for held in drawn]
            for name in ("utkface", "aaf")
        )
        cells = (
            _TITLES[power], *(_range(utkface, name) for name in _ERRORS),
            _spread(utkface, "sex"), _spread(utkface, "group"),
            *(_range(aaf, name) for name in _ERRORS), _spread(aaf, "sex"),
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    seeds = len({row["seed"] for row in record["rows"]})
    source = f"`{record['command']}`, code at revision `{record['revision'][:12]}`."
    return "\n".join([*lines, "", f"Smallest and largest of {seeds} draws, years. {source}"])


def _range(rows: list[dict[str, Any]], name: str) -> str:
    values = [row[name] for row in rows]
    return f"{min(values):.2f} to {max(values):.2f}"


def _spread(rows: list[dict[str, Any]], name: str) -> str:
    return _range([row["spread"] for row in rows], name)
