"""Tables of how much the page bears, from the stored benchmark, for `measured_tables.py`."""

from typing import Any

from stored import stored

_TIMES = {"answers_per_second": ".1f", "median_s": ".2f", "percentile_99_s": ".2f"}
_HELD = {
    "temporary_files": "temporary files before, after",
    "threads": "threads before, after",
    "descriptors": "open files and connections before, after",
}


def load_table() -> str:
    """Visitors at once, then the row of estimates."""
    record = stored("results/benchmark-load.json")
    cores = record["machine"]["cores"]
    lines = [
        f"| visitors at once, {cores} cores | asked | answered | refused | failed "
        "| answers per second | median, s | 99 of 100 within, s | MB before, at most, after |",
        "|---" * 9 + "|",
        *(_visitors(row) for row in record["at_once"]["rows"]),
        "",
        f"| {record['in_a_row']['asked']:,} estimates in a row | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in _row(record["in_a_row"])),
        "",
        f"`{record['command']}`, code at revision `{record['revision'][:12]}`.",
    ]
    return "\n".join(lines)


def _visitors(row: dict[str, Any]) -> str:
    memory = row["memory_mb"]
    cells = (
        *(f"{row[name]:,}" for name in ("visitors", "asked", "answered", "refused", "failed")),
        *(_number(row[name], form) for name, form in _TIMES.items()),
        ", ".join(f"{memory[when]:.0f}" for when in ("before", "most", "after_idle")),
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float | None, form: str) -> str:
    """A figure, or a dash where nobody was answered."""
    return "–" if value is None else format(value, form)


def _row(row: dict[str, Any]) -> list[tuple[str, str]]:
    before, after = row["before"], row["after"]
    return [
        ("answered, refused, failed", f"{row['answered']:,}, {row['refused']}, {row['failed']}"),
        ("median, 99 of 100 within",
         " s, ".join(_number(row[name], ".3f") for name in ("median_s", "percentile_99_s")) + " s"),
        ("memory before, after",
         f"{before['memory_kb'] / 1024:.0f}, {after['memory_kb'] / 1024:.0f} MB"),
        (f"growth by 1,000 estimates, from the {row['skipped_estimates']:,}th on",
         f"{row['slope_kb_per_1000']:+,.0f} kB"),
        *((title, f"{before[name]}, {after[name]}") for name, title in _HELD.items()),
    ]  # fmt: skip
