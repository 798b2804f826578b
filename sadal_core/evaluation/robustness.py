"""How much an estimate moves when the picture changes and the age does not.

Letters: P perturbations and, first, the picture as it is; N pictures.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from sadal_core.errors import DataError
from sadal_core.evaluation.metrics import bootstrap_mean, mae
from sadal_core.evaluation.perturbations import PERTURBATIONS, Picture

Estimate = Callable[[Picture], float | None]  # age in years of the main face; None without one
_SEED = 0


def perturbed_ages(
    pictures: Iterable[Picture],
    estimators: Mapping[str, Estimate],
    progress: Callable[[int], object] = lambda done: None,
) -> dict[str, Float[np.ndarray, "perturbations pictures"]]:
    """Ages that each estimator gives to every picture, as it is and perturbed.

    Args:
        pictures: each is read once.
        estimators: by name; a picture is shown to all of them before the next one is made.
        progress: told the pictures done.

    Returns:
        By name: the first row of the pictures as they are, the others in the order of
        `PERTURBATIONS`; NaN where no face was found.
    """
    columns: dict[str, list[list[float]]] = {name: [] for name in estimators}
    for done, picture in enumerate(pictures, start=1):
        for made in columns.values():
            made.append([])
        for view in (picture, *(perturb(picture) for perturb in PERTURBATIONS.values())):
            for name, estimate in estimators.items():
                age = estimate(view)
                columns[name][-1].append(float("nan") if age is None else age)
        progress(done)
    shape = (-1, 1 + len(PERTURBATIONS))
    return {name: np.array(made, float).reshape(shape).T for name, made in columns.items()}


def robustness_rows(
    ages: Float[np.ndarray, "perturbations pictures"],
    true: Float[np.ndarray, " pictures"],
    units: Int[np.ndarray, " pictures"],
) -> list[dict[str, Any]]:
    """Per perturbation, what became of the estimates of faces that were found in the plain picture.

    Args:
        ages: see `perturbed_ages`.
        true: ages in years.
        units: subject or duplicate group of each picture, for the bootstrap.

    Returns:
        Rows with "perturbation", "n" and "lost" (faces still found and not), and over those found
        "change" (mean absolute change in years), its 95 % "interval", "p90" (the change that one
        face in ten exceeds), "shift" (mean signed change) and "mae"; and "mae_plain" of the same
        faces. The figures are None where no face is found any more.

    Raises:
        DataError: no face was found in any picture as it is.
    """
    plain = ages[0]
    known = ~np.isnan(plain)
    if not known.any():
        raise DataError("No face was found in any of the pictures, so that nothing can change.")
    rows: list[dict[str, Any]] = []
    for name, after in zip(PERTURBATIONS, ages[1:], strict=True):
        found = known & ~np.isnan(after)
        counts = {"n": int(found.sum()), "lost": int((known & ~found).sum())}
        figures = _figures(plain[found], after[found], true[found], units[found])
        rows.append({"perturbation": name, **counts, **figures})
    return rows


def overall_rows(
    ages: Mapping[str, Float[np.ndarray, "perturbations pictures"]],
    units: Int[np.ndarray, " pictures"],
) -> list[dict[str, Any]]:
    """Mean change over all perturbations, and how far each model is from the first on equal faces.

    The difference is taken face by face, so that what all models find hard cancels out.

    Args:
        ages: see `perturbed_ages`.
        units: subject or duplicate group of each picture, for the bootstrap.

    Returns:
        Rows with "name", "n" (faces that every model found as they are and under some
        perturbation; only such perturbations count), "change" in years and its 95 % "interval";
        from the second row on, "apart" (the change less that of the first model) and
        "apart_interval".

    Raises:
        DataError: there is no such face.
    """
    moved = {name: np.abs(made[1:] - made[0]) for name, made in ages.items()}
    found = ~np.isnan(sum(moved.values()))  # by every model, so that all average the same changes
    known = found.any(axis=0)
    if not known.any():
        raise DataError("No face was found by every model, so that they cannot be compared.")
    changes = {
        name: np.nanmean(np.where(found, each, np.nan)[:, known], axis=0)
        for name, each in moved.items()
    }
    first, groups = next(iter(changes.values())), units[known]
    rows: list[dict[str, Any]] = []
    for name, change in changes.items():
        row: dict[str, Any] = {"name": name, "n": int(known.sum()), "change": float(change.mean())}
        row["interval"] = list(bootstrap_mean(change, groups, seed=_SEED))
        if rows:
            row["apart"] = float((change - first).mean())
            row["apart_interval"] = list(bootstrap_mean(change - first, groups, seed=_SEED))
        rows.append(row)
    return rows


def _figures(
    plain: Float[np.ndarray, " faces"],
    after: Float[np.ndarray, " faces"],
    true: Float[np.ndarray, " faces"],
    units: Int[np.ndarray, " faces"],
) -> dict[str, Any]:
    if len(plain) == 0:
        return dict.fromkeys(("change", "interval", "p90", "shift", "mae", "mae_plain"))
    moved = after - plain
    change = np.abs(moved)
    return {
        "change": float(change.mean()),
        "interval": list(bootstrap_mean(change, units, seed=_SEED)),
        "p90": float(np.quantile(change, 0.9)),
        "shift": float(moved.mean()),
        "mae": mae(true, after),
        "mae_plain": mae(true, plain),
    }
