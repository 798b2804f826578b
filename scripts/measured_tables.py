"""Write the measured figures into README.md and MODEL_CARD.md, from the stored result files.

    .venv/bin/python scripts/measured_tables.py           write
    .venv/bin/python scripts/measured_tables.py --check   fail if a text is not up to date

A text marks where a table goes with `<!-- NAME -->` ... `<!-- /NAME -->`; what stands between
the marks is replaced, so that no number is ever typed by hand.
"""

import json
import re
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from balance_tables import balance_table
from brightening_tables import brightening_table
from collection_tables import collection_table, large_map_table, neighbour_table
from comparison_tables import comparison_table, cost_table, form_table
from distributed_tables import distributed_table
from experiment_tables import experiment_table, further_table, validation_table
from fuzz_tables import fuzz_table
from gallery_tables import gallery_speed_table, map_table
from honesty_tables import coverage_table, group_table, robustness_table
from identity_tables import identity_table
from lab_tables import lab_speed_table, preset_table
from label_tables import label_table
from load_tables import load_table
from speed_tables import age_stage_table, speed_table, stage_table
from stored import ROOT, stored

TEXTS = (
    "README.md", "MODEL_CARD.md", "RESULTS.md", "docs/experiments.md", "docs/reliability.md",
    "docs/collections.md",
    "docs/distributed.md", "docs/data.md",
)  # fmt: skip
_NAMES = {
    "holdout-utkface": "UTKFace, held-out groups",
    "holdout-aaf": "All-Age-Faces, held-out groups",
    "unseen-fgnet": "FG-NET, never trained on",
}
_FOLDS = {
    "lopo-fgnet-sadal": "SADAL: metric and generator trained on in every fold",
    "lopo-fgnet-control": "control: distribution head on the features, cross-entropy alone",
    "lopo-fgnet-ridge": "ridge regression on the features and the model's own estimate",
    "lopo-fgnet-tuned": "SADAL, after the last stages of the backbone were tuned",
    "lopo-fgnet-tuned-head": "the head that was tuned together with these stages",
}
RESULTS = (*_NAMES, *(f"{name}-control" for name in _NAMES), *_FOLDS)
_SHOWN_BANDS = tuple(_NAMES)


@cache
def results() -> dict[str, dict[str, Any]]:
    """Stored results by name, each of the model that is bundled now."""
    found = {name: stored(f"results/{name}.json") for name in RESULTS}
    bundled = stored("assets/model/manifest.json")["sha256"]
    for name, result in found.items():
        if result["model"]["sha256"] != bundled:
            sys.exit(f"results/{name}.json is of another model. Run its command again.")
    return found


def result_table(found: dict[str, dict[str, Any]]) -> str:
    """MAE with interval, CS(5), coverage and number of faces; the control's MAE beside it."""
    lines = [
        "| measured on | MAE, years | 95 % interval | CS(5) | 80 % intervals hold | faces "
        "| MAE before the metric stage |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, title in _NAMES.items():
        control = found[f"{name}-control"]
        low, high = control["interval"]
        lines.append(
            f"| {title} {_figures(found[name])} | {control['mae']:.2f} ({low:.2f} to {high:.2f}) |"
        )
    return "\n".join(lines)


def fold_table(found: dict[str, dict[str, Any]]) -> str:
    """The readouts of FG-NET, leave one person out."""
    lines = [
        "| FG-NET, leave one person out (82 folds) | MAE, years | 95 % interval | CS(5) "
        "| 80 % intervals hold | faces |",
        "|---|---|---|---|---|---|",
    ]
    lines += [f"| {title} {_figures(found[name])} |" for name, title in _FOLDS.items()]
    return "\n".join(lines)


def _figures(result: dict[str, Any]) -> str:
    low, high = result["interval"]
    return (
        f"| **{result['mae']:.2f}** | {low:.2f} to {high:.2f} "
        f"| {result['cs5']:.1f} % | {100 * result['coverage80']:.1f} % | {result['n']:,}"
    )


def space_table() -> str:
    """The learned metric beside the features it started from, on held-out faces."""
    spaces = stored("assets/model/manifest.json")["metric_space"]
    rows = (
        ("Spearman's correlation of distance and age gap", lambda s: (
            f"{s['order_correlation']:.3f} "
            f"({s['order_interval'][0]:.3f} to {s['order_interval'][1]:.3f})")),
        ("triplets in which the smaller gap is not nearer", lambda s:
            f"{100 * s['order_violations']:.1f} %"),
        ("MAE of the mean age of the 10 nearest, years", lambda s: f"{s['neighbour_mae']:.2f}"),
        *((f"MAP@R within ±{one['within']} years", lambda s, n=n:
            f"{100 * s['retrieval'][n]['map_at_r']:.1f} %")
          for n, one in enumerate(spaces["sadal"]["retrieval"])),
        *((f"Recall@1 within ±{one['within']} years", lambda s, n=n:
            f"{100 * s['retrieval'][n]['recall']['1']:.1f} %")
          for n, one in enumerate(spaces["sadal"]["retrieval"])),
    )  # fmt: skip
    lines = ["| held-out faces | SADAL's metric | features before it |", "|---|---|---|"]
    for title, figure in rows:
        lines.append(f"| {title} | {figure(spaces['sadal'])} | {figure(spaces['warm_start'])} |")
    return "\n".join(lines)


def ranker_table() -> str:
    """The rankers on the embedding, on held-out faces."""
    manifest = stored("assets/model/manifest.json")
    chosen = manifest["parts"]["ranker"]["name"]
    lines = ["| ranker | MAE of its distribution's median | MAE of its own rule |", "|---|---|---|"]
    for row in manifest["rankers"]:
        name = f"**{row['name']}** (bundled)" if row["name"] == chosen else row["name"]
        lines.append(f"| {name} | {row['mae']:.2f} | {row['own_mae']:.2f} |")
    return "\n".join(lines)


def ablation_table() -> str:
    """One row per variant of the metric stage, means over the seeds."""
    record = stored("results/ablations.json")
    lines = [
        "| variant | MAE, years | less SADAL's (95 % interval) | range over seeds | KNN MAE "
        "| Spearman | violations | G_adv acts |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in record["rows"]:
        gain, low, high = row["mae_minus_sadal"]
        acts = row.get("adversary_active")
        first, last = row["mae_range"]
        lines.append(
            f"| {row['name']} | {row['mae']:.3f} | {gain:+.3f} ({low:+.3f} to {high:+.3f}) "
            f"| {first:.3f} to {last:.3f} | {row['knn_mae']:.3f} | {row['spearman']:.3f} "
            f"| {100 * row['order_violations']:.1f} % "
            f"| {'–' if acts is None else f'{100 * acts:.1f} %'} |"
        )
    seeds = ", ".join(str(seed) for seed in record["seeds"])
    return "\n".join([*lines, "", f"Seeds {seeds}; `{record['command']}`."])


def run_table() -> str:
    """The recorded run of the bundled model's metric stage, one row per epoch."""
    record = stored("assets/run/config.json")
    manifest = stored("assets/model/manifest.json")
    if (record["config"], record["revision"]) != (manifest["config"], manifest["revision"]):
        sys.exit("assets/run is not the run of the bundled model. Copy it there again.")
    lines = [
        "| epoch | phase | G_hard | G_adv acts | real hinge acts | midpoint residual "
        "| effective rank | held-out neighbours' MAE | Spearman | violations |",
        "|---" * 10 + "|",
    ]
    text = (ROOT / "assets/run/metrics.jsonl").read_text("utf-8")
    for row in map(json.loads, text.splitlines()):
        lines.append(
            f"| {row['epoch'] + 1} | {row['phase']} | {_cell(row, 'hard', '.2f')} "
            f"| {_cell(row, 'adv_active', '.1%')} | {_cell(row, 'real_active', '.0%')} "
            f"| {_cell(row, 'probe_midpoint_residual', '.2f')} "
            f"| {row['probe_effective_rank']:.0f} | {row['validation_mae']:.2f} "
            f"| {row['validation_order_correlation']:.3f} "
            f"| {row['validation_order_violations']:.1%} |"
        )
    return "\n".join(lines)


def _cell(row: dict[str, Any], name: str, form: str) -> str:
    """A figure of the run, or a dash where its phase has none."""
    value = row.get(name)
    return "–" if value is None else format(value, form)


def band_table(found: dict[str, dict[str, Any]]) -> str:
    """MAE, bias and number of faces per decade of true age."""
    columns = [found[name] for name in _SHOWN_BANDS]
    lines = [
        "| age | " + " | ".join(_NAMES[name] for name in _SHOWN_BANDS) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    spans = sorted({(band["low"], band["high"]) for one in columns for band in one["bands"]})
    for low, high in spans:
        cells = [_band_cell(one, low) for one in columns]
        span = f"{low}–{high}" if high < 100 else f"{low}+"
        lines.append(f"| {span} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def training_text() -> str:
    """What the bundled model was trained on, and by which commands."""
    manifest = stored("assets/model/manifest.json")
    sets = ", ".join(
        f"{row['dataset']} ({row['n_train']:,} faces; {row['n_validation']:,} held out)"
        for row in manifest["data"]
    )
    age = manifest["age_stage"]
    return (
        f"Trained on {sets}. Age stage: started from `{age['initialisation']['file']}`, seed "
        f"{age['config']['seed']}, code at revision `{age['revision'][:12]}`. Metric stage: seed "
        f"{manifest['config']['seed']}, code at revision `{manifest['revision'][:12]}`.\n\n"
        f"```\n{age['command']} --out runs/age\n"
        f"{manifest['command']} --model runs/age/model --out runs/metric\n```"
    )


def _band_cell(result: dict[str, Any], low: int) -> str:
    for band in result["bands"]:
        if band["low"] == low:
            return f"{band['mae']:.2f} ({band['bias']:+.2f}, n {band['n']})"
    return "–"


def filled(text: str) -> str:
    """`text` with every marked block replaced by its table."""
    for name, table in _BLOCKS.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        if re.search(pattern, text, flags=re.S):  # a table that no text wants needs no files
            text = re.sub(pattern, lambda m, t=table: f"{m[1]}{t()}\n{m[2]}", text, flags=re.S)
    return text


_BLOCKS: dict[str, Callable[[], str]] = {
    "results": lambda: result_table(results()),
    "bands": lambda: band_table(results()),
    "speed": speed_table,
    "training": training_text,
    "folds": lambda: fold_table(results()),
    "space": space_table,
    "rankers": ranker_table,
    "ablations": ablation_table,
    "stage": stage_table,
    "age-stage": age_stage_table,
    "run": run_table,
    "map": map_table,
    "map-speed": gallery_speed_table,
    "experiments": experiment_table,
    "validation": validation_table,
    "further": further_table,
    "coverage": coverage_table,
    "groups": lambda: group_table(results()),
    "robustness": robustness_table,
    "presets": preset_table,
    "lab-speed": lab_speed_table,
    "comparison-fgnet": lambda: comparison_table("fgnet-lopo"),
    "readouts": lambda: comparison_table("fgnet-lopo", "results/readouts"),
    "costs": cost_table,
    "forms": form_table,
    "fuzz": fuzz_table,
    "balance": balance_table,
    "brightening": brightening_table,
    "labels": label_table,
    "identity": identity_table,
    "load": load_table,
    "collections": collection_table,
    "neighbours": neighbour_table,
    "large-map": large_map_table,
    "distributed": distributed_table,
    "comparison-holdout": lambda: comparison_table("utkface-aaf-holdout"),
}


def main(arguments: list[str]) -> int:
    """Write, or check; the exit status is 1 where a text was not up to date."""
    stale = []
    for name in TEXTS:
        path = ROOT / name
        text = path.read_text("utf-8")
        if filled(text) != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(filled(text), "utf-8")
    if stale and "--check" in arguments:
        print(f"Not up to date: {', '.join(stale)}. Run python scripts/measured_tables.py.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
