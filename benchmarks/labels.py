"""How far two labels of one picture lie apart, which no estimator can undo; writes JSON.

    .venv/bin/python benchmarks/labels.py --data utkface.zip aaf.zip \
        --out results/benchmark-labels.json

Some pictures are in a data set more than once, under other names and with labels of their own
(near duplicates: perceptual hashes within `data.duplicates.NEAR` bits). With the mean absolute
difference D of two labels of one picture, no estimate from the picture has a mean absolute error
below D / 2, since |y - y'| <= |y - a| + |a - y'| for every a; where labels scatter normally and
independently, none is below D / sqrt 2.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from benchmarks.recorded import data_parser, recorded  # noqa: E402
from sadal_core.ages import DECADES, decade_index  # noqa: E402
from sadal_core.backbones import BACKBONES  # noqa: E402
from sadal_core.cli.datasets import load_crops  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.errors import DataError  # noqa: E402
from sadal_core.evaluation.metrics import bootstrap_mean  # noqa: E402
from sadal_core.training.config import TrainConfig  # noqa: E402

_LEAST = 20  # pictures that are needed, in all and of a decade


class Repeated(NamedTuple):
    """Pictures that occur more than once: mean age and mean difference of two labels, in years."""

    age: np.ndarray
    difference: np.ndarray


def repeated(ages: np.ndarray, groups: np.ndarray) -> Repeated:
    """Labels of each group of two pictures and more, every pair in it counting alike."""
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    labels = [part for part in np.split(ages[order].astype(float), starts[1:]) if len(part) > 1]
    return Repeated(
        np.array([part.mean() for part in labels]), np.array([_apart(part) for part in labels])
    )


def _apart(labels: np.ndarray) -> float:
    """Mean absolute difference over all pairs of two."""
    rows, columns = np.triu_indices(len(labels), 1)
    return float(np.abs(labels[rows] - labels[columns]).mean())


def described(differences: np.ndarray) -> dict[str, Any]:
    """Figures of differences, in years."""
    mean = float(differences.mean())
    return {
        "pictures": len(differences),
        "difference": mean,
        "interval": list(bootstrap_mean(differences, np.arange(len(differences)), seed=0)),
        "differ": float((differences > 0).mean()),
        "least_mae": mean / 2,
        "least_mae_if_normal": mean / math.sqrt(2),
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The record that is written.

    Raises:
        DataError: hardly a picture of a data set occurs more than once.
    """
    rows = []
    parts = load_crops(options, BACKBONES[TrainConfig().backbone].crop)
    for crops in parts:
        pictures = repeated(crops.ages, crops.groups)
        if len(pictures.age) < _LEAST:
            raise DataError(
                f"{crops.dataset} has {len(pictures.age)} of its pictures more than once, and "
                f"{_LEAST} are needed to compare their labels."
            )
        decades = decade_index(pictures.age)
        rows.append({
            "dataset": crops.dataset,
            "labels_sha256": crops.labels,
            **described(pictures.difference),
            "bands": [
                {"low": low, "high": high, **described(pictures.difference[decades == number])}
                for number, (low, high) in enumerate(DECADES)
                if (decades == number).sum() >= _LEAST
            ],
        })  # fmt: skip
    return {
        "command": "python benchmarks/labels.py --data "
        + " ".join(path.name for path in options.data),
        "revision": revision(),
        "rows": rows,
    }


def lines(record: dict[str, Any]) -> Iterator[str]:
    """One per data set and decade."""
    for row in record["rows"]:
        for one in (row, *row["bands"]):
            name = f"from {one['low']}" if "low" in one else "all"
            yield (
                f"{row['dataset']} {name}: {one['difference']:.2f} years apart in "
                f"{one['pictures']} pictures, no MAE below {one['least_mae']:.2f} "
                f"({one['least_mae_if_normal']:.2f} if normal)"
            )


def main() -> int:
    """Measure, write and print."""
    return recorded(data_parser(__doc__), measure, lines)


if __name__ == "__main__":
    sys.exit(main())
