"""Train and measure the variants of the metric stage, each with several seeds."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from sadal_core.cli.datasets import add_data_arguments, add_model_argument, load_crops
from sadal_core.cli.provenance import provenance
from sadal_core.cli.train_metric import sides_of
from sadal_core.errors import ConfigError
from sadal_core.experiments.ablations import ABLATIONS, ablation, control, difference
from sadal_core.features import FeatureSet
from sadal_core.files import write_json
from sadal_core.kept import kept_result
from sadal_core.manifest import entry
from sadal_core.settings import check_choice, overridden
from sadal_core.training.finish import SplitSettings
from sadal_core.training.metric.config import MetricConfig
from sadal_core.weights import load_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `ablate`."""
    add_data_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/ablations"), metavar="DIR",
        help="where finished variants are kept, so that a stopped command goes on",
    )  # fmt: skip
    add_model_argument(parser)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="SEED")
    parser.add_argument(
        "--only", nargs="+", default=list(ABLATIONS), metavar="NAME", help="variants; default: all"
    )
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", dest="settings",
        help="settings that all variants share (see MetricConfig)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Do what is not done yet, and write and print the table."""
    base = overridden(MetricConfig(), options.settings)
    for name in options.only:
        check_choice("variant", name, ABLATIONS)
    if "sadal" not in options.only:
        raise ConfigError("--only must name sadal, which the others are compared with.")
    model, manifest = load_model(options.model)
    model.metric = model.ranker = None
    parts = load_crops(options, model.spec.crop)
    sides = sides_of(options, model, parts, SplitSettings(**entry(manifest, "split")))
    key = {
        "base": asdict(base),
        "model": manifest["sha256"],
        "white": model.spec.white,
        "labels": [crops.labels for crops in parts],
    }
    jobs = [(name, seed) for seed in options.seeds for name in options.only]
    rows = [control(sides)]
    for name, seed in tqdm(jobs, desc="variants", unit="run"):
        path = options.runs / f"{name.replace(' ', '_')}-{seed}.json"
        rows.append(kept_result(path, key, lambda n=name, s=seed: ablation(n, sides, base, s)))
    record = {
        **provenance("ablate", options),
        "model": {key: entry(manifest, key) for key in ("sha256", "revision", "backbone")},
        "config": asdict(base),
        "seeds": options.seeds,
        "faces": len(sides[1]),
        "rows": summary(rows, sides[1]),
    }
    write_json(options.out, record)
    _print(record["rows"])
    return 0


def summary(rows: list[dict[str, Any]], held_out: FeatureSet) -> list[dict[str, Any]]:
    """One row per variant: means over its seeds, their range, and the paired difference to SADAL.

    The difference compares the estimates averaged over the seeds.
    """
    by_name: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_name.setdefault(row["name"], []).append(row)
    ages = {name: np.mean([row["age"] for row in same], axis=0) for name, same in by_name.items()}
    made = []
    for name, same in by_name.items():
        maes = [row["mae"] for row in same]
        numbers = [k for k, v in same[0].items() if isinstance(v, float)]
        made.append({
            "name": name,
            "settings": same[0].get("settings", []),
            "seeds": len(same),
            **{key: float(np.mean([row[key] for row in same])) for key in numbers},
            "mae_range": [min(maes), max(maes)],
            "mae_minus_sadal": difference(ages[name], ages["sadal"], held_out),
            "alarms": sorted({alarm for row in same for alarm in row.get("alarms", [])}),
        })  # fmt: skip
    return made


def _print(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        gain, low, high = row["mae_minus_sadal"]
        print(
            f"{row['name']:34s} MAE {row['mae']:.3f} ({gain:+.3f}, {low:+.3f} to {high:+.3f})  "
            f"KNN {row['knn_mae']:.3f}  Spearman {row['spearman']:.3f}  "
            f"violations {100 * row['order_violations']:.1f} %"
        )
