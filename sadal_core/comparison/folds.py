"""One method on one fold: a candidate is chosen inside the training part, then fitted and measured.

The budget is the same for all: `method.CANDIDATES` settings, each scored once on an inner split of
the training part; the best is fitted to the whole of it, once for every seed where the fit draws.
"""

import time
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from sadal_core.comparison.faces import Faces, appended
from sadal_core.comparison.protocols import Fold
from sadal_core.errors import ConfigError, DataError
from sadal_core.evaluation.metrics import mae
from sadal_core.methods.method import Method

INNER_SHARE: Final = 0.25  # of the units of the training part that score the candidates
_INNER_SEED: Final = 0


class FoldResult(NamedTuple):
    """What a method has come to on one fold.

    Attributes:
        chosen: number of the candidate.
        scores: MAE of every candidate on the inner split, years; NaN where it cannot be fitted.
        ages: estimates in years, one row per seed, or a single one where nothing is drawn.
        fit_seconds: of one fit to the whole training part.
        predict_seconds: of one reading of the measured faces.
    """

    chosen: int
    scores: list[float]
    ages: Float[np.ndarray, "seeds measured"]
    fit_seconds: float
    predict_seconds: float


def run_fold(
    method: Method, faces: Faces, others: Faces | None, fold: Fold, seeds: list[int]
) -> FoldResult:
    """Choose, fit and measure.

    Args:
        method: the row of the comparison.
        faces: all faces of the protocol, with the inputs that the method reads.
        others: faces of further data sets, from which a method of several populations learns, too.
        fold: who is learned from and who is measured.
        seeds: of the fits; the inner split is the same for every method and seed.

    Raises:
        DataError: the training part cannot be learned from; the message names the fold.
    """
    train, measured = (faces.select(mask) for mask in fold.split)
    try:
        scores = _inner_scores(method, train, others, seeds[0])
        chosen = int(np.nanargmin(scores))
        runs = [
            _fitted_and_read(method, chosen, seed, train, others, measured)
            for seed in (seeds if method.draws else seeds[:1])
        ]
    except (DataError, ValueError) as error:
        raise DataError(f"{method.title}, {fold.name}: {error}") from error
    ages, fit, read = zip(*runs, strict=True)
    return FoldResult(chosen, scores, np.stack(ages), float(np.mean(fit)), float(np.mean(read)))


def inner_split(faces: Faces) -> Bool[np.ndarray, " samples"]:
    """Which samples of a training part score the candidates: whole units, about a quarter of them.

    Raises:
        DataError: there is only one unit.
    """
    units = np.unique(faces.units)
    if len(units) < 2:
        raise DataError("Settings are chosen on an inner split, which needs two persons or more.")
    shuffled = np.random.default_rng(_INNER_SEED).permutation(units)
    return np.isin(faces.units, shuffled[: max(1, round(INNER_SHARE * len(units)))])


def _inner_scores(method: Method, train: Faces, others: Faces | None, seed: int) -> list[float]:
    inner = inner_split(train)
    known, scored = train.select(~inner), train.select(inner)
    scores = []
    for candidate in range(len(method.candidates)):
        try:
            made, _, _ = _fitted_and_read(method, candidate, seed, known, others, scored)
            scores.append(mae(scored.ages, made))
        except ConfigError:  # a setting that these faces do not allow, such as too large a margin
            scores.append(float("nan"))
    if np.isnan(scores).all():
        raise DataError("None of its settings can be fitted to these faces.")
    return scores


def _fitted_and_read(  # noqa: PLR0913 (the parts of one fit)
    method: Method, candidate: int, seed: int, train: Faces, others: Faces | None, measured: Faces
) -> tuple[np.ndarray, float, float]:
    """Estimates of the measured faces, and the seconds of the fit and of the reading."""
    further: dict[str, Any] = {}
    if method.populations:
        train = train if others is None else appended([train, others])
        further["groups"] = train.groups
    estimator: Any = method.estimator(candidate, seed)
    start = time.perf_counter()
    estimator.fit(train.inputs[method.reads], train.ages, **further)
    fitted = time.perf_counter()
    made = np.asarray(estimator.predict(measured.inputs[method.reads]), np.float64)
    return made, fitted - start, time.perf_counter() - fitted
