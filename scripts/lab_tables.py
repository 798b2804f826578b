"""Tables about the Train view and its presets, for `measured_tables.py`."""

from typing import Any

from stored import stored

_COLUMNS = {
    "validation_mae": (3, " years"),
    "validation_order_correlation": (3, ""),
    "probe_total_variance": (3, ""),
    "probe_copy_ratio": (2, ""),
    "probe_adversary_active": (2, ""),
    "probe_metric_active": (2, ""),
}


def _record() -> dict[str, Any]:
    return stored("results/benchmark-lab.json")


def preset_table() -> str:
    """What every preset has come to after 100 turns."""
    record = _record()
    lines = [
        "| learned from | preset | MAE of 10 neighbours | Spearman | variance "
        "| generated: anchor 0, source 1 | G_adv acts | D acts on generated |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in record["presets"]:
        cells = (_cell(row[name], *shape) for name, shape in _COLUMNS.items())
        lines.append(f"| {row['data']} | {row['preset']} | {' | '.join(cells)} |")
    lines += ["", f"`python benchmarks/lab.py`, code at revision `{record['revision'][:12]}`."]
    return "\n".join(lines)


def _cell(value: float | None, digits: int, unit: str) -> str:
    return "–" if value is None else f"{value:.{digits}f}{unit}"


def lab_speed_table() -> str:
    """The stored benchmark of the Train view."""
    record = _record()
    core, four = record["core_turns_per_second"], record["four_visitors_turns_per_second"]
    rest, busy = (record[f"slider_to_curve_ms_{when}"] for when in ("at_rest", "while_training"))
    memory = record["memory"]
    rows = [
        ("turns on real faces without a page", f"{core['faces']:.0f} in a second"),
        ("the same on the toy", f"{core['toy']:.0f} in a second"),
        ("in the page, one visitor on real faces",
         f"{record['one_visitor_turns_per_second']:.1f} in a second"),
        (f"in the page, {len(four)} visitors at once",
         f"{min(four):.1f} to {max(four):.1f} in a second each, {sum(four):.1f} together"),
        ("key on a slider of Q to the redrawn curve, nobody training",
         f"{rest['similarity']:.0f} ms"),
        ("the same while another visitor trains", f"{busy['similarity']:.0f} ms"),
        ("key on a slider of Train to the training started over, nobody else training",
         f"{rest['train']:.0f} ms"),
        ("the same while another visitor trains", f"{busy['train']:.0f} ms"),
        (f"memory of the server before, and at most with {len(four)} trainings",
         f"{memory['before_mb']:.0f}, {max(memory['with_trainings_mb']):.0f} MB"),
        (f"the same after {len(four)} tabs were closed, in each of "
         f"{len(memory['after_closing_mb'])} rounds",
         ", ".join(f"{mb:.0f}" for mb in memory["after_closing_mb"]) + " MB"),
    ]  # fmt: skip
    head = ["| server and Chromium without a graphics card on the same 2 cores | |", "|---|---|"]
    return "\n".join([*head, *(f"| {label} | {value} |" for label, value in rows)])
