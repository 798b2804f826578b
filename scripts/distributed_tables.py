"""The table of one and two processes, from the stored benchmark, for `measured_tables.py`."""

from typing import Any

from stored import stored

_STAGES = {
    "age": "age stage, faces",
    "metric": "metric stage on stored features, quadruplets",
}


def distributed_table() -> str:
    """Time of a step and rows per second of each stage, by one process and by two."""
    record = stored("results/benchmark-distributed.json")
    machine = record["machine"]
    lines = [
        f"| stage and what is counted; {machine['cores']} cores, {machine['device']} | batch "
        "| processes | step, ms (least to most) | per second | speed of two to one |",
        "|---" * 6 + "|",
        *(_line(stage, row) for stage in record["stages"] for row in stage["rows"]),
        "",
        f"Medians of {record['repeats']} repetitions, interleaved; `{record['command']}`, torch "
        f"{machine['torch']}, code at revision `{record['revision'][:12]}`.",
    ]
    return "\n".join(lines)


def _line(stage: dict[str, Any], row: dict[str, Any]) -> str:
    step, least, most = (1000 * row[key] for key in ("step_s", "step_s_least", "step_s_most"))
    ratio = f"{stage['speed_of_two_to_one']:.2f}" if row["processes"] == 2 else "1"
    return (
        f"| {_STAGES[stage['stage']]} | {stage['batch_size']} | {row['processes']} "
        f"| {step:.1f} ({least:.1f} to {most:.1f}) | {row['rows_per_second']:,.0f} | {ratio} |"
    )
