"""Table of how far labels of one picture lie apart, for `measured_tables.py`."""

from typing import Any

from stored import DATA_SETS, stored


def label_table() -> str:
    """One row per data set, then one per decade of it."""
    record = stored("results/benchmark-labels.json")
    lines = [
        "| pictures that occur more than once | number | two labels apart, years "
        "| with different labels | no MAE below, years | the same if labels scatter normally |",
        "|---" * 6 + "|",
    ]
    for row in record["rows"]:
        title = DATA_SETS.get(row["dataset"], row["dataset"])
        lines.append(_line(f"**{title}**", row))
        lines += [_line(f"{title}, {_decade(one)}", one) for one in row["bands"]]
    source = f"`{record['command']}`, code at revision `{record['revision'][:12]}`."
    return "\n".join([*lines, "", f"In brackets 95 % intervals. {source}"])


def _decade(row: dict[str, Any]) -> str:
    return f"{row['low']}+" if row["low"] >= 80 else f"{row['low']}–{row['high']}"


def _line(title: str, row: dict[str, Any]) -> str:
    low, high = row["interval"]
    cells = (
        title, f"{row['pictures']:,}", f"{row['difference']:.2f} ({low:.2f} to {high:.2f})",
        f"{100 * row['differ']:.0f} %", f"{row['least_mae']:.2f}",
        f"{row['least_mae_if_normal']:.2f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"
