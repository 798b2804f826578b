"""All methods on all folds, several at a time; what is finished is kept and not done again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from sadal_core.comparison.faces import Faces
from sadal_core.comparison.folds import INNER_SHARE, FoldResult, run_fold
from sadal_core.comparison.protocols import Fold
from sadal_core.files import jsonable
from sadal_core.kept import kept_result
from sadal_core.methods import METHODS
from sadal_core.methods.method import Method

_VERSION = 2  # raise when the way of measuring changes: kept folds are then made again


@dataclass(frozen=True)
class Comparison:
    """What is compared on what.

    Attributes:
        faces: all faces of the protocol.
        others: faces of further data sets, for methods that learn from several populations.
        folds: of the protocol.
        seeds: of the fits.
        about: what else tells one comparison from another: data, model, protocol.
        kept: folder of finished folds.
    """

    faces: Faces
    others: Faces | None
    folds: list[Fold]
    seeds: list[int]
    about: Mapping[str, Any]
    kept: Path

    def run(
        self, names: Iterable[str], *, workers: int, progress: Callable[[], object]
    ) -> dict[str, list[FoldResult]]:
        """Results of the named methods, fold by fold.

        A stopped run goes on with the folds that are not finished.

        Args:
            names: in `METHODS`.
            workers: processes, each on one core.
            progress: called after every fold.

        Raises:
            DataError: a fold cannot be learned from.
        """
        jobs = [(name, number) for name in names for number in range(len(self.folds))]
        calls = (delayed(self._job(name, number))() for name, number in jobs)
        results: dict[str, list[FoldResult]] = {name: [] for name, _ in jobs}
        made: Any = Parallel(n_jobs=workers, return_as="generator")(calls)
        for (name, _), result in zip(jobs, made, strict=True):
            results[name].append(result)
            progress()
        return results

    def _job(self, name: str, number: int) -> "_Job":
        method = METHODS[name]
        key = {
            "version": _VERSION,
            "inner_share": INNER_SHARE,
            "seeds": self.seeds,
            "candidates": [dict(one) for one in method.candidates],
            "fold": self.folds[number].name,
            **self.about,
        }
        faces = self.faces.reading(method.reads)
        others = None
        if method.populations and self.others is not None:
            others = self.others.reading(method.reads)
        path = self.kept / name / f"{number:03d}.json"
        return _Job(method, faces, others, self.folds[number], self.seeds, path, jsonable(key))


@dataclass(frozen=True)
class _Job:
    """One method on one fold, as a worker is given it."""

    method: Method
    faces: Faces
    others: Faces | None
    fold: Fold
    seeds: list[int]
    path: Path
    key: dict[str, Any]

    def __call__(self) -> FoldResult:
        torch.set_num_threads(1)
        with threadpool_limits(1):
            stored = kept_result(self.path, self.key, self._made)
        scores = [float("nan") if score is None else score for score in stored["scores"]]
        return FoldResult(**{**stored, "scores": scores, "ages": np.array(stored["ages"])})

    def _made(self) -> dict[str, Any]:
        made = run_fold(self.method, self.faces, self.others, self.fold, self.seeds)
        return jsonable({**made._asdict(), "ages": np.round(made.ages, 3)})
