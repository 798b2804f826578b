"""scikit-learn's own checks of estimators, on every ranker and every kind of method."""

from collections.abc import Iterator
from typing import Any

import jaxtyping
import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sadal_core.errors import DataError
from sadal_core.methods import METHODS
from sadal_core.methods.heads.maximum_entropy import MaximumEntropy
from sadal_core.methods.metrics.lsdml import LSDML
from sadal_core.methods.metrics.odfl import ODFL
from sadal_core.methods.metrics.sadal import SADAL
from sadal_core.methods.pixels.local_features import LocalBinaryRanker
from sadal_core.rankers import ExpectationRanker, KNNRanker, OHRanker
from sadal_core.rankers.checks import AgeRegressor

# The ages of these checks lie between 1 and 8: labels as wide as for real ones, and as many
# neighbours, would blur them into one.
SMALL: dict[str, Any] = {
    "sigma": 0.3, "neighbours": 3, "iterations": 40, "components": 8, "hidden": 8,
}  # fmt: skip
TWO_AGES = "a quadruplet needs somebody younger and somebody older, and the check has two ages"
OF_TWO_AGES = (
    "check_estimators_dtypes", "check_pipeline_consistency", "check_estimators_nan_inf",
    "check_estimators_pickle", "check_fit2d_1feature",
)  # fmt: skip


def small(estimator: Any) -> Any:
    """An estimator with settings for small data."""
    known = estimator.get_params()
    estimator.set_params(**{k: v for k, v in SMALL.items() if k in known})
    if isinstance(estimator, MaximumEntropy):  # iterative scaling takes short steps
        estimator.set_params(iterations=100)
    return estimator


def one_of_each_kind() -> list[Any]:
    """The rankers, and an estimator of each class among the methods that reads plain vectors."""
    every = [small(method.estimator(0, 0)) for method in METHODS.values()]
    made = {type(one): one for one in reversed(every)}  # of each class the first
    del made[LocalBinaryRanker]  # of pictures; see below
    return [*(small(kind()) for kind in (ExpectationRanker, OHRanker, KNNRanker)), *made.values()]


def departures(estimator: Any) -> dict[str, str]:
    """Checks that cannot hold here, with the reason."""
    made = {"check_regressor_data_not_an_array": "its targets reach 204, an age that nobody has"}
    if hasattr(estimator, "predict_proba"):
        made["check_regressors_no_decision_function"] = "it gives distributions over the ages, too"
    if isinstance(estimator, ODFL | LSDML | SADAL):
        made |= dict.fromkeys(OF_TWO_AGES, TWO_AGES)
    return made


@pytest.fixture
def plain() -> Iterator[None]:
    """Without the suite's checks of annotations, which refuse what scikit-learn's checks try."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("plain")
@parametrize_with_checks(one_of_each_kind(), expected_failed_checks=departures, xfail_strict=True)
def test_the_checks_of_scikit_learn_hold(estimator: Any, check: Any) -> None:
    check(estimator)


def test_every_method_is_of_a_kind_that_is_checked() -> None:
    checked = {type(one) for one in one_of_each_kind()}
    for method in METHODS.values():
        made: Any = method.estimator(0, 0)
        assert isinstance(made, AgeRegressor)
        assert type(made) in checked | {LocalBinaryRanker}


def test_what_reads_pictures_cannot_read_what_the_checks_draw() -> None:
    with pytest.raises(DataError, match="no square picture"):
        LocalBinaryRanker().fit(np.zeros((6, 3)), np.arange(6.0))
