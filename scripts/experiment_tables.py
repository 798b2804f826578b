"""The table of models that were tried, from the manifests kept in results/experiments/."""

import json
from typing import Any

from stored import ROOT, stored

_FOLDER = "results/experiments"
_ORDER = ("first", "t112", "t160", "s160")
_FURTHER = ("continued", "steady", "steadier")
_START = "head of the bundled model"
_RUNS = {"assets": "bundled"}  # folders of models that are no runs


def experiment_table() -> str:
    """One row per model of the age stage: what differs, and its error on held-out faces."""
    rows = {name: stored(f"{_FOLDER}/{name}/manifest.json") for name in _ORDER}
    lines = [
        "| run | px | epochs | lambda | frozen stages | teachers | MAE, years | 95 % interval "
        "| CS(5) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(name, manifest) for name, manifest in rows.items()]
    return "\n".join([*lines, "", *_commands(rows)])


def _commands(rows: dict[str, dict[str, Any]]) -> list[str]:
    return [
        f"- {name}: `{manifest['command']}`, code at `{manifest['revision'][:12]}`"
        for name, manifest in rows.items()
    ]


def further_table() -> str:
    """One row per run that went on from a finished model, below the head of that model."""
    rows = {name: stored(f"{_FOLDER}/{name}/manifest.json") for name in _FURTHER}
    moved = {row["name"]: row for row in stored(f"{_FOLDER}/robustness.json")["overall"]}
    lines = [
        "| run | start | of its own | epochs | held-out faces | UTKFace | All-Age-Faces "
        "| FG-NET, never trained on | change of picture |",
        "|---|---|---|---|---|---|---|---|---|",
        _start_row(moved[_START]),
    ]
    lines += [_further_row(name, manifest, moved[name]) for name, manifest in rows.items()]
    return "\n".join([*lines, "", *_commands(rows)])


def _start_row(moved: dict[str, Any]) -> str:
    """The head of the bundled model, where the runs begin."""
    utkface, aaf, fgnet = (
        stored(f"results/{name}-control.json")
        for name in ("holdout-utkface", "holdout-aaf", "unseen-fgnet")
    )
    counts = utkface["n"] + aaf["n"]
    both = (utkface["mae"] * utkface["n"] + aaf["mae"] * aaf["n"]) / counts
    return (
        f"| {_START} | – | – | – | {both:.2f} | {utkface['mae']:.2f} | {aaf['mae']:.2f} "
        f"| {fgnet['mae']:.2f} | {_moved(moved)} |"
    )


def _further_row(name: str, manifest: dict[str, Any], moved: dict[str, Any]) -> str:
    config, metrics = manifest["config"], manifest["metrics"]
    usual = stored(f"{_FOLDER}/continued/manifest.json")["config"]
    own = [
        f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in config.items()
        if key != "epochs" and value != usual.get(key)
    ]
    errors = {row["dataset"]: row["mae"] for row in manifest["data"]}
    fgnet = stored(f"{_FOLDER}/{name}/unseen-fgnet.json")
    low, high = metrics["interval"]
    start = manifest["initialisation"]["name"]
    return (
        f"| {name} | {_RUNS.get(start, start)} | {' '.join(own) or '–'} "
        f"| {config['epochs']} | **{metrics['mae']:.2f}** ({low:.2f} to {high:.2f}) "
        f"| {errors['utkface']:.2f} | {errors['aaf']:.2f} | {fgnet['mae']:.2f} | {_moved(moved)} |"
    )


def _moved(row: dict[str, Any]) -> str:
    """Mean change of the estimate, and how far that is from the start's, face by face."""
    if "apart" not in row:
        return f"{row['change']:.2f}"
    low, high = row["apart_interval"]
    return f"{row['change']:.2f} ({row['apart']:+.2f}: {low:+.2f} to {high:+.2f})"


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
