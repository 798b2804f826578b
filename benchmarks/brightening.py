"""Whose faces are brightened, and what it does to their estimates; writes JSON.

    .venv/bin/python benchmarks/brightening.py --data utkface.zip aaf.zip \
        --out results/benchmark-brightening.json

A face is brightened where its highlights are dark (`sadal_core/faces/exposure.py`). How dark it
looks depends on its light and on its skin, so the share is counted in groups of people, and
held-out faces that are brightened are estimated with and without it.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from tqdm import tqdm  # noqa: E402

from benchmarks.recorded import data_parser, recorded  # noqa: E402
from sadal_core.cli.datasets import add_model_argument, load_crops  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.data.crops import Crops  # noqa: E402
from sadal_core.evaluation.groups import groups_of  # noqa: E402
from sadal_core.evaluation.metrics import mae  # noqa: E402
from sadal_core.evaluation.predict import age_logits, predictions  # noqa: E402
from sadal_core.faces.align import centre  # noqa: E402
from sadal_core.faces.exposure import highlights  # noqa: E402
from sadal_core.faces.quality import DARK_HIGHLIGHTS  # noqa: E402
from sadal_core.manifest import entry  # noqa: E402
from sadal_core.model import AgeModel  # noqa: E402
from sadal_core.weights import load_model  # noqa: E402


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The record that is written."""
    model, manifest = load_model(options.model)
    parts = load_crops(options, model.spec.crop)
    names = " ".join(path.name for path in options.data)
    return {
        "command": f"python benchmarks/brightening.py --data {names}",
        "revision": revision(),
        "model": manifest["sha256"],
        "rows": [row for crops in parts for row in rows(model, entry(manifest, "split"), crops)],
    }


def rows(model: AgeModel, split: dict[str, Any], crops: Crops) -> list[dict[str, Any]]:
    """One for all faces of a data set, and one for each group of people in it."""
    bright = np.array([highlights(face) for face in tqdm(centre(crops.images, model.spec.crop))])
    held_out = crops.holdout(**split).validation
    changed = np.flatnonzero(held_out & (bright < model.spec.white))
    ages = {True: ages_of(model, crops, changed)}
    model.spec, spec = replace(model.spec, white=0), model.spec
    ages[False] = ages_of(model, crops, changed)
    model.spec = spec
    groups = {"": np.ones(len(crops.ages), bool)}  # everybody
    for named in groups_of(crops.samples).values():
        groups |= named
    return [
        {
            "dataset": crops.dataset,
            "group": name,
            "n": int(group.sum()),
            "brightened": int((bright[group] < spec.white).sum()),
            "warned": int((bright[group] < DARK_HIGHLIGHTS).sum()),
            "n_held_out": int(group[changed].sum()),
            "mae": _error(crops, changed, ages[True], group),
            "mae_without": _error(crops, changed, ages[False], group),
        }
        for name, group in groups.items()
    ]


def ages_of(model: AgeModel, crops: Crops, faces: np.ndarray) -> np.ndarray:
    """Estimates for these faces, in years."""
    logits = age_logits(model, list(crops.images[faces]))
    return predictions(model, logits, crops.ages[faces]).age


def _error(crops: Crops, faces: np.ndarray, ages: np.ndarray, group: np.ndarray) -> float | None:
    own = group[faces]
    return mae(crops.ages[faces][own], ages[own]) if own.any() else None


def lines(record: dict[str, Any]) -> Iterator[str]:
    """One per group."""
    for row in record["rows"]:
        share = 100 * row["brightened"] / row["n"]
        yield f"{row['dataset']} {row['group'] or 'all'}: {share:.1f} % of {row['n']} brightened"


def main() -> int:
    """Measure, write and print."""
    parser = data_parser(__doc__)
    add_model_argument(parser)
    return recorded(parser, measure, lines)


if __name__ == "__main__":
    sys.exit(main())
