"""Results of all folds as the rows of a table, and the table as Markdown and CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Float

from sadal_core.comparison.faces import Faces
from sadal_core.comparison.folds import FoldResult
from sadal_core.comparison.protocols import Fold
from sadal_core.evaluation.metrics import Predictions, bands, bootstrap_mean, cumulative_scores, mae
from sadal_core.methods import METHODS
from sadal_core.methods.method import Method

FORMAT: Final = 1
REFERENCES: Final = {"minus_sadal": "sadal", "minus_cross_entropy": "single_label"}
_BOOTSTRAP_SEED: Final = 0
_COLUMNS: Final = (
    "method", "title", "family", "faithful", "reads", "mae", "interval_low", "interval_high",
    "cs5", "bias", "seeds", "minus_sadal", "minus_sadal_low", "minus_sadal_high",
    "minus_cross_entropy", "minus_cross_entropy_low", "minus_cross_entropy_high", "fit_seconds",
    "predict_seconds", "departs", "paper",
)  # fmt: skip


def rows(
    results: Mapping[str, Sequence[FoldResult]], faces: Faces, folds: Sequence[Fold]
) -> list[dict[str, Any]]:
    """One row per method, the smallest error first.

    Error, CS and bias are means over the seeds, not of an average of their estimates. A
    difference compares, face by face, errors averaged over the seeds; its interval draws units.
    """
    positions = np.concatenate([np.flatnonzero(fold.split.validation) for fold in folds])
    measured = faces.select(positions)
    made = {name: np.concatenate([r.ages for r in each], 1) for name, each in results.items()}
    errors = {name: np.abs(ages - measured.ages).mean(axis=0) for name, ages in made.items()}
    table = []
    for name, ages in made.items():
        row = _described(name, METHODS[name], results[name])
        row |= _figures(ages, measured)
        for key, reference in REFERENCES.items():
            row[key] = None
            if reference in errors:
                gain = errors[name] - errors[reference]
                ends = bootstrap_mean(gain, measured.units, seed=_BOOTSTRAP_SEED)
                row[key] = [float(gain.mean()), *ends]
        table.append(row)
    return sorted(table, key=lambda row: row["mae"])


def _described(name: str, method: Method, results: Sequence[FoldResult]) -> dict[str, Any]:
    chosen = np.bincount([r.chosen for r in results], minlength=len(method.candidates))
    return {
        "method": name,
        **{key: getattr(method, key) for key in
           ("title", "family", "paper", "faithful", "departs", "reads")},
        "candidates": [dict(candidate) for candidate in method.candidates],
        "chosen": chosen.tolist(),
        "fit_seconds": float(np.mean([r.fit_seconds for r in results])),
        "predict_seconds": float(np.mean([r.predict_seconds for r in results])),
    }  # fmt: skip


def _figures(ages: Float[np.ndarray, "seeds measured"], measured: Faces) -> dict[str, Any]:
    """Figures of the estimates of every seed, as means over the seeds."""
    true = measured.ages.astype(np.float64)
    maes = [mae(true, one) for one in ages]
    scores = np.mean([cumulative_scores(true, one) for one in ages], axis=0)
    error = np.abs(ages - true).mean(axis=0)
    each = [bands(Predictions(true, one, one, one), np.empty(0)) for one in ages]
    by_band = [
        {"low": same[0]["low"], "high": same[0]["high"], "n": same[0]["n"],
         **{key: float(np.mean([band[key] for band in same])) for key in ("mae", "bias")}}
        for same in zip(*each, strict=True)
    ]  # fmt: skip
    return {
        "mae": float(np.mean(maes)),
        "interval": list(bootstrap_mean(error, measured.units, seed=_BOOTSTRAP_SEED)),
        "mae_range": [min(maes), max(maes)],
        "seeds": len(ages),
        "cs": scores.tolist(),
        "cs5": float(scores[5]),
        "bias": float((ages - true).mean()),
        "bands": by_band,
    }


def markdown(record: Mapping[str, Any]) -> str:
    """The table of a stored comparison in Markdown."""
    lines = [
        "| method | MAE, years (95 % interval) | CS(5) | less SADAL's MAE (95 % interval) "
        "| less cross-entropy's | range over seeds | fidelity |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_line(row) for row in record["rows"]]
    lines += [f"| {row['title']} | not run: {row['why']} | | | | | |" for row in record["absent"]]
    return "\n".join(lines) + "\n"


def _line(row: Mapping[str, Any]) -> str:
    low, high = row["interval"]
    least, most = row["mae_range"]
    cells = [
        f"**{row['title']}**" if row["method"] in REFERENCES.values() else row["title"],
        f"{row['mae']:.2f} ({low:.2f} to {high:.2f})",
        f"{row['cs5']:.1f} %",
        *(_difference(row[key]) for key in REFERENCES),
        f"{least:.2f} to {most:.2f}" if row["seeds"] > 1 else "nothing drawn",
        "faithful" if row["faithful"] else "approximate",
    ]
    return f"| {' | '.join(cells)} |"


def _difference(found: Sequence[float] | None) -> str:
    return "–" if found is None else "{:+.2f} ({:+.2f} to {:+.2f})".format(*found)


def comma_separated(record: Mapping[str, Any]) -> str:
    """The table of a stored comparison as CSV, with a line of names."""
    text = io.StringIO()
    table = csv.DictWriter(text, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for row in record["rows"]:
        flat = dict(row)
        flat["interval_low"], flat["interval_high"] = row["interval"]
        for key in REFERENCES:
            flat[key], flat[f"{key}_low"], flat[f"{key}_high"] = row[key] or (None, None, None)
        table.writerow(flat)
    return text.getvalue()
