"""Age predictors on an embedding, with scikit-learn's fit, predict and predict_proba."""

from typing import Final

from sadal_core.rankers.expectation import ExpectationRanker
from sadal_core.rankers.knn import KNNRanker
from sadal_core.rankers.ohranker import OHRanker

Ranker = ExpectationRanker | OHRanker | KNNRanker

RANKERS: Final[dict[str, type[Ranker]]] = {
    "expectation": ExpectationRanker,
    "ohranker": OHRanker,
    "knn": KNNRanker,
}
