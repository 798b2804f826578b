"""Table of how much a gallery's numbers tell about identity, for `measured_tables.py`."""

from typing import Any

from stored import stored


def identity_table() -> str:
    """How often the right person is named from a point's features, for every size of means."""
    record = stored("results/benchmark-identity.json")
    rows = record["rows"]
    lines = [
        "| a point is | points | most similar of all faces of its age is one of its own "
        "| by chance | for each person in it |",
        "|---" * 5 + "|",
        *(f"| {_cells(row)} |" for row in rows),
        "",
        f"The recogniser learned from {record['attacker_faces']:,} faces of other people and seeks "
        f"among {rows[0]['candidates']:.0f} faces of the same age on average. "
        f"`{record['command']}`, code at revision `{record['revision'][:12]}`.",
    ]
    return "\n".join(lines)


def _cells(row: dict[str, Any]) -> str:
    single = row["mean_of"] == 1
    title = "a single face" if single else f"the mean of at least {row['mean_of']} faces"
    shares = (row["share"], row["chance"], row["per_person"])
    return " | ".join([title, f"{row['points']:,}", *(f"{100 * one:.1f} %" for one in shares)])
