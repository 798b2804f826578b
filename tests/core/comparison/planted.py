"""A small comparison: faces with planted ages, and a method that counts what it is asked."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from sadal_core.comparison.faces import Faces
from sadal_core.errors import ConfigError
from sadal_core.methods.method import Method
from tests.planted_faces import planted


def planted_comparison_faces(count: int = 60, units: int = 12, *, seed: int = 0) -> Faces:
    samples, ages = planted("features", count, seed=seed)
    return Faces(
        {"features": samples},
        ages,
        np.arange(count) % units,
        np.zeros(count, np.int64),
    )


class Shifted(RegressorMixin, BaseEstimator):
    """The mean age that it was fitted to, `shift` years older, and a little by the seed."""

    fits: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, shift: float = 0.0, random_state: int = 0) -> None:
        self.shift, self.random_state = shift, random_state

    def fit(self, X: np.ndarray, y: np.ndarray, groups: Any = None) -> "Shifted":  # noqa: N803
        if self.shift > 50:
            raise ConfigError("A shift above 50 years makes no sense.")
        Shifted.fits.append({"shift": self.shift, "samples": X, "ages": y, "groups": groups})
        self.age_ = float(np.mean(y)) + self.shift + self.random_state / 10
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return np.full(len(X), self.age_)


def shifted_method(*shifts: float, populations: bool = False) -> Method:
    return Method(
        title="Shifted",
        family="classic",
        paper="Nobody, 2026",
        faithful=True,
        departs="Nothing.",
        reads="features",
        make=Shifted,
        candidates=tuple({"shift": shift} for shift in shifts),
        populations=populations,
    )
