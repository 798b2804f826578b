"""The table of what was tried to break the page, from the stored run, for `measured_tables.py`."""

from stored import stored

_PARTS = {
    "decode": "files decoded",
    "estimate": "files and arrays estimated",
    "page": "events, endpoints, uploads and requests of a running page",
}


def fuzz_table() -> str:
    """How many inputs of each part there were, what came of them, and the failures."""
    record = stored("results/benchmark-fuzz.json")
    lines = ["| part | inputs | what came of them | failures |", "|---|---|---|---|"]
    for name, outcomes in record["parts"].items():
        came = "; ".join(f"{what}: {count:,}" for what, count in outcomes.items())
        failures = len(record["failures"].get(name, ()))
        lines.append(f"| {_PARTS[name]} | {sum(outcomes.values()):,} | {came} | {failures} |")
    return "\n".join(
        [*lines, "", f"{record['tried']:,} inputs, {record['failed']} failures, seed "
         f"{record['seed']}; `{record['command']}`, code at revision `{record['revision'][:12]}`."]
    )  # fmt: skip
