"""Whether groups of people are estimated more evenly when each weighs alike; writes JSON.

    .venv/bin/python benchmarks/balance.py --data utkface.zip aaf.zip \
        --out results/benchmark-balance.json

The ranker of the bundled model is learned again from its embeddings of the training faces, drawn
such that a group of people of one decade of age counts n^(1 - power) for its n faces: power 0 draws
them as they are, 1 makes all groups count alike. Errors are of held-out faces.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from sklearn.base import clone  # noqa: E402
from tqdm import tqdm  # noqa: E402

from benchmarks.recorded import data_parser, recorded  # noqa: E402
from sadal_core.ages import decade_index, median  # noqa: E402
from sadal_core.cli.datasets import (  # noqa: E402
    add_model_argument,
    feature_sets,
    load_crops,
)
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.data.crops import Crops  # noqa: E402
from sadal_core.errors import ConfigError  # noqa: E402
from sadal_core.evaluation.groups import group_rows  # noqa: E402
from sadal_core.evaluation.metrics import mae  # noqa: E402
from sadal_core.evaluation.predict import estimates  # noqa: E402
from sadal_core.features import FeatureSet, joined, units  # noqa: E402
from sadal_core.manifest import entry  # noqa: E402
from sadal_core.metric import MetricModel  # noqa: E402
from sadal_core.training.metric.finish import embedded  # noqa: E402
from sadal_core.weights import load_model  # noqa: E402

POWERS: Final = (0.0, 0.5, 1.0)
CHILDREN, OLD = 12, 60  # years: ages up to the one, ages above the other


def shares(groups: np.ndarray, ages: np.ndarray, power: float) -> np.ndarray:
    """Probability of drawing each face: n^-power with the n faces of its group and decade."""
    cells = np.stack([np.unique(groups, return_inverse=True)[1].reshape(-1), decade_index(ages)])
    _, cell, counts = np.unique(cells, axis=1, return_inverse=True, return_counts=True)
    weights = counts.astype(float)[cell.reshape(-1)] ** -power
    return weights / weights.sum()


def groups_of(crops: Crops) -> np.ndarray:
    """Data set, origin as the data set names it, and sex of each face."""
    return np.array([f"{crops.dataset} {one.group} {one.sex}" for one in crops.samples])


def spread(rows: list[dict[str, Any]], attribute: str) -> float | None:
    """Largest less smallest MAE at equal ages; None where no group can be compared."""
    found = [row["same_ages"] for row in rows if row["attribute"] == attribute]
    errors = [one["mae"] for one in found if one is not None]
    return max(errors) - min(errors) if errors else None


def measured(
    ranker: Any, metric: MetricModel, crops: Crops, part: FeatureSet, held: np.ndarray
) -> dict[str, Any]:
    """Error of one data set's held-out faces, in all and by groups."""
    probabilities = ranker.predict_proba(embedded(metric, part.select(held)))
    made = estimates(median(probabilities), probabilities, crops.ages[held].astype(float))
    samples = [one for one, wanted in zip(crops.samples, held, strict=True) if wanted]
    rows = group_rows(made, units(crops)[held], samples)
    return {
        "dataset": crops.dataset, "n": int(held.sum()), "mae": mae(made.true, made.age),
        "mae_to_12": mae(*made.select(made.true <= CHILDREN)[:2]),
        "mae_over_60": mae(*made.select(made.true > OLD)[:2]),
        "groups": rows, "spread": {name: spread(rows, name) for name in ("sex", "group")},
    }  # fmt: skip


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The record that is written.

    Raises:
        ConfigError: the model has no metric or ranker.
    """
    model, manifest = load_model(options.model)
    if model.metric is None or model.ranker is None:
        raise ConfigError("The model has no metric with a ranker, which could be learned again.")
    parts = load_crops(options, model.spec.crop)
    sets = feature_sets(options, model, parts)
    splits = [crops.holdout(**entry(manifest, "split")) for crops in parts]
    train = joined([one.select(split.train) for one, split in zip(sets, splits, strict=True)])
    known, ages = embedded(model.metric, train), train.ages
    groups = np.concatenate(
        [groups_of(crops)[split.train] for crops, split in zip(parts, splits, strict=True)]
    )
    rows = []
    for power, seed in tqdm([(p, s) for p in options.powers for s in options.seeds], unit="fit"):
        rng = np.random.default_rng(seed)
        drawn = rng.choice(len(ages), len(ages), p=shares(groups, ages, power))
        fresh: Any = clone(model.ranker)
        ranker = fresh.fit(known[drawn], ages[drawn])
        rows.append({
            "power": power, "seed": seed,
            "held_out": [
                measured(ranker, model.metric, crops, one, split.validation)
                for crops, one, split in zip(parts, sets, splits, strict=True)
            ],
        })  # fmt: skip
    return {
        "command": "python benchmarks/balance.py --data "
        + " ".join(path.name for path in options.data),
        "revision": revision(), "model": manifest["sha256"],
        "labels_sha256": [crops.labels for crops in parts],
        "training_faces": len(ages), "rows": rows,
    }  # fmt: skip


def lines(record: dict[str, Any]) -> Iterator[str]:
    """One per draw and data set."""
    for row in record["rows"]:
        for one in row["held_out"]:
            yield f"{row['power']} {row['seed']} {one['dataset']} {one['mae']:.3f} {one['spread']}"


def main() -> int:
    """Measure, write and print."""
    parser = data_parser(__doc__)
    add_model_argument(parser)
    parser.add_argument("--powers", type=float, nargs="+", default=list(POWERS), metavar="P")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="SEED")
    return recorded(parser, measure, lines)


if __name__ == "__main__":
    sys.exit(main())
