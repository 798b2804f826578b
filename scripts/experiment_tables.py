"""The table of models that were tried, from the manifests kept in results/experiments/."""

import json
from typing import Any

from stored import ROOT, stored

_FOLDER = "results/experiments"
_ORDER = ("first", "t112", "t160", "s160")


def experiment_table() -> str:
    """One row per model of the age stage: what differs, and its error on held-out faces."""
    rows = {name: stored(f"{_FOLDER}/{name}/manifest.json") for name in _ORDER}
    lines = [
        "| run | px | epochs | lambda | frozen stages | teachers | MAE, years | 95 % interval "
        "| CS(5) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(name, manifest) for name, manifest in rows.items()]
    commands = [f"{name}: `{manifest['command']}`, code at `{manifest['revision'][:12]}`"
                for name, manifest in rows.items()]  # fmt: skip
    return "\n".join([*lines, "", *(f"- {command}" for command in commands)])


def _row(name: str, manifest: dict[str, Any]) -> str:
    config, metrics = manifest["config"], manifest["metrics"]
    size = manifest["backbone"].partition("-")[2] or "112"
    teachers = ", ".join(teacher["name"] for teacher in manifest.get("teachers", [])) or "–"
    low, high = metrics["interval"]
    return (
        f"| {name} | {size} | {config['epochs']} | {config['expectation_weight']} "
        f"| {config['frozen_stages']} | {teachers} | {metrics['mae']:.2f} "
        f"| {low:.2f} to {high:.2f} | {metrics['cs5']:.1f} % |"
    )


def validation_table() -> str:
    """Held-out MAE over the epochs of the runs that recorded it."""
    curves = {}
    for name in _ORDER:
        path = ROOT / _FOLDER / name / "metrics.jsonl"
        if path.exists():
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            curves[name] = {
                r["epoch"] + 1: r["validation_mae"] for r in rows if "validation_mae" in r
            }
    epochs = sorted({epoch for curve in curves.values() for epoch in curve})
    lines = ["| epoch | " + " | ".join(curves) + " |", "|---" * (len(curves) + 1) + "|"]
    for epoch in epochs:
        cells = [f"{curve[epoch]:.2f}" if epoch in curve else "–" for curve in curves.values()]
        lines.append(f"| {epoch} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
