r"""Error of age estimates in groups of people, as they are and at equal ages.

Groups of a data set differ in age, and the error grows with age. So each group is also measured
with the faces of a decade weighed such that every group has the ages of all groups together
(direct standardisation): with n faces of group g in decade d,

.. math:: w_{gd} = \frac{n_d}{n}\,\Big/\,\frac{n_{gd}}{n_g}

Decades in which a group has fewer than `FEWEST` faces are left out for all groups.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float, Int

from sadal_core.ages import DECADES, decade_index
from sadal_core.data.samples import Sample
from sadal_core.evaluation.metrics import Predictions, bootstrap_mean, coverage

ATTRIBUTES: Final = ("sex", "group")
FEWEST = 5
_SEED = 0


def groups_of(samples: Sequence[Sample]) -> dict[str, dict[str, Bool[np.ndarray, " faces"]]]:
    """Who has which value, for each attribute of `Sample` that they have more than one value of."""
    found = {}
    for attribute in ATTRIBUTES:
        values = np.array([getattr(sample, attribute) for sample in samples], dtype=str)
        names = sorted(set(values.tolist()) - {""})
        if len(names) > 1:
            found[attribute] = {name: values == name for name in names}
    return found


def group_rows(
    predictions: Predictions, units: Int[np.ndarray, " faces"], samples: Sequence[Sample]
) -> list[dict[str, Any]]:
    """A row per value of each attribute of `Sample` that these faces have more than one value of.

    Args:
        predictions: what was measured.
        units: subject or duplicate group of each face, for the bootstrap.
        samples: of the faces.

    Returns:
        Rows with "attribute", "value", "n", "mae", "interval", "bias" and "coverage"; and, as
        "same_ages", "decades" (the first years of those used), "n", "mae", "interval" and "bias".
    """
    rows: list[dict[str, Any]] = []
    for attribute, groups in groups_of(samples).items():
        decades = _shared_decades(predictions.true, list(groups.values()))
        everybody = np.logical_or.reduce(list(groups.values()))
        for name, group in groups.items():
            rows.append({
                "attribute": attribute, "value": name,
                **_errors(predictions, units, group, group.astype(float)),
                "coverage": coverage(predictions.select(group)),
                "same_ages": _at_same_ages(predictions, units, group, everybody, decades),
            })  # fmt: skip
    return rows


def _shared_decades(
    true: Float[np.ndarray, " faces"], groups: list[Bool[np.ndarray, " faces"]]
) -> list[int]:
    """Decades of which every group has `FEWEST` faces or more."""
    counts = [np.bincount(decade_index(true[group]), minlength=len(DECADES)) for group in groups]
    return np.flatnonzero(np.min(counts, axis=0) >= FEWEST).tolist()


def _at_same_ages(
    predictions: Predictions,
    units: Int[np.ndarray, " faces"],
    group: Bool[np.ndarray, " faces"],
    everybody: Bool[np.ndarray, " faces"],
    decades: list[int],
) -> dict[str, Any] | None:
    """Errors of `group` with the ages of `everybody`; None where no decade can be compared."""
    if not decades:
        return None
    member = decade_index(predictions.true)
    compared = np.isin(member, decades)
    weights = np.zeros(len(member))
    for decade in decades:
        share = (everybody & (member == decade)).sum() / (everybody & compared).sum()
        ours = group & (member == decade)
        weights[ours] = share / (ours.sum() / (group & compared).sum())
    return {
        "decades": [DECADES[decade][0] for decade in decades],
        **_errors(predictions, units, group & compared, weights),
    }


def _errors(
    predictions: Predictions,
    units: Int[np.ndarray, " faces"],
    group: Bool[np.ndarray, " faces"],
    weights: Float[np.ndarray, " faces"],
) -> dict[str, Any]:
    """Weighted MAE with its 95 % interval, and bias, of the faces in `group`."""
    part, share = predictions.select(group), weights[group]
    off = part.age - part.true
    return {
        "n": len(off),
        "mae": float(np.average(np.abs(off), weights=share)),
        "interval": list(bootstrap_mean(np.abs(off), units[group], seed=_SEED, weights=share)),
        "bias": float(np.average(off, weights=share)),
    }
