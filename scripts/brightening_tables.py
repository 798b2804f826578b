"""Table of whose faces are brightened, for `measured_tables.py`."""

from typing import Any

from stored import DATA_SETS, stored


def brightening_table() -> str:
    """One row per data set, then one per group of people in it."""
    record = stored("results/benchmark-brightening.json")
    lines = [
        "| faces | number | brightened | warned of as dark | held out and brightened "
        "| their MAE, years | without brightening |",
        "|---" * 7 + "|",
        *(_line(row) for row in record["rows"]),
    ]
    source = f"`{record['command']}`, code at revision `{record['revision'][:12]}`."
    return "\n".join([*lines, "", source])


def _line(row: dict[str, Any]) -> str:
    title = DATA_SETS.get(row["dataset"], row["dataset"])
    cells = (
        f"{title}: {row['group']}" if row["group"] else f"**{title}**", f"{row['n']:,}",
        f"{100 * row['brightened'] / row['n']:.1f} %", f"{100 * row['warned'] / row['n']:.1f} %",
        f"{row['n_held_out']}", _years(row["mae"]), _years(row["mae_without"]),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _years(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
