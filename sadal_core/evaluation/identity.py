"""Whether stored numbers tell who a person is: likenesses guessed from them, and recognised.

Letters: P points, N faces, F features, E dimensions of a face recognition network.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sadal_core.errors import DataError


class Recognised(NamedTuple):
    """How often the most similar face is one of a point's own.

    Attributes:
        share: of the points, 0 to 1.
        chance: the same if the order of the faces were drawn by lot.
        members: mean number of own faces of a point.
        candidates: mean number of faces that each is sought among, its own included.
    """

    share: float
    chance: float
    members: float
    candidates: float

    @property
    def per_person(self) -> float:
        """Chance for one of the people in a point to be the one that is named."""
        return self.share / self.members


def attacker(
    features: Float[np.ndarray, "faces features"],
    identities: Float[np.ndarray, "faces dim"],
    *,
    seed: int,
) -> Pipeline:
    """What somebody learns who has faces of others: identity from the age network's features.

    A network of one hidden layer, stopped early on a tenth of the faces. It guesses what a face
    recognition network would say about the face, which is all that recognising needs.

    Raises:
        DataError: fewer than 20 faces.
    """
    if len(features) < 20:
        raise DataError(f"The attacker needs at least 20 faces to learn from, got {len(features)}.")
    network = MLPRegressor(
        hidden_layer_sizes=(1024,), early_stopping=True, n_iter_no_change=5, max_iter=100,
        random_state=seed,
    )  # fmt: skip
    return make_pipeline(StandardScaler(), network).fit(features, _unit(identities))


def recognised(
    guesses: Float[np.ndarray, "points dim"],
    identities: Float[np.ndarray, "faces dim"],
    members: Sequence[Int[np.ndarray, " _group"]],
    candidates: Sequence[Int[np.ndarray, " _sought"]],
) -> Recognised:
    r"""Share of points whose most similar candidate is one of their members.

    .. math:: \frac{1}{P} \sum_p [\arg\max_{i \in C_p} \cos(\hat e_p, e_i) \in M_p], \qquad
              \text{by chance } \frac{1}{P} \sum_p |M_p| / |C_p|

    Args:
        guesses: identity guessed from each point's numbers.
        identities: of the faces, by the recognition network.
        members: positions of the faces that each point was made of.
        candidates: positions of the faces among which its people are sought, members included.

    Raises:
        DataError: there is no point, or a member is not among the candidates.

    Reference: rank-1 identification rate, Grother and Ngan, NIST IR 8009, section 3.
    """
    if not len(guesses):
        raise DataError("There is no point to recognise anybody from.")
    guesses, identities = _unit(guesses), _unit(identities)
    hits, chances = [], []
    for guess, own, sought in zip(guesses, members, candidates, strict=True):
        if not np.isin(own, sought).all():
            raise DataError("A face that a point was made of is not among those it is sought in.")
        first = sought[np.argmax(identities[sought] @ guess)]
        hits.append(bool(np.isin(first, own)))
        chances.append(len(own) / len(sought))
    return Recognised(
        float(np.mean(hits)),
        float(np.mean(chances)),
        float(np.mean([len(own) for own in members])),
        float(np.mean([len(sought) for sought in candidates])),
    )


def _unit(vectors: Float[np.ndarray, "count dim"]) -> Float[np.ndarray, "count dim"]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
