"""The similarity-aware pair loss for anybody's training loop, called as pytorch-metric-learning's.

It needs no quadruplets and no generator, and does not need that package either.
"""

from typing import Final

from jaxtyping import Float, Int, Real
from torch import Tensor, nn
from torch.nn import functional

from sadal_core.errors import ConfigError, DataError
from sadal_core.losses import POWERS, check_margin, d_negative, d_positive
from sadal_core.settings import check_choice
from sadal_core.similarity import Similarity

REDUCTIONS: Final = ("all", "active")

Pairs = tuple[Int[Tensor, " _"], Int[Tensor, " _"]]


class SimilarityAwarePairLoss(nn.Module):
    r"""Mean pull of the positive pairs plus mean hinge of the negative pairs.

    .. math:: \frac1{|P|} \sum_{(a,p) \in P} d(a,p)^p
        + \frac1{|N|} \sum_{(a,n) \in N} \max(0, \tau - d(a,n)\,Q(y_a, y_n))^2

    or :math:`\tau Q - d` in the hinge, for q_on="margin". d is the squared Euclidean distance of
    the embeddings brought to unit length. Labels are ages in years; ages less than a year apart
    are a positive pair, all others are a negative one.

    >>> loss = SimilarityAwarePairLoss(Similarity("wing_norm"), tau=0.25, q_on="margin")
    >>> float(loss(torch.eye(3), torch.tensor([20, 20, 40])))
    4.0
    """

    def __init__(
        self,
        similarity: Similarity | None = None,
        *,
        tau: float = 0.5,
        q_on: str = "distance",
        pos_power: int = 2,
        reduction: str = "all",
        largest_gap: int = 100,
    ) -> None:
        """Check the settings.

        Args:
            similarity: Q; the slides' by default.
            tau: margin, a squared distance.
            q_on: "distance" (paper) or "margin" (our correction).
            pos_power: power of the squared distance of positive pairs, 1 or 2.
            reduction: mean over "all" pairs, or over the "active" ones, whose term is above 0.
            largest_gap: of ages in the data, in years; tau has to be feasible up to it.

        Raises:
            ConfigError: an unknown option, or a tau that unit vectors cannot meet.
        """
        super().__init__()
        self.similarity = Similarity() if similarity is None else similarity
        check_margin(self.similarity, tau=tau, q_on=q_on, largest_gap=largest_gap)
        check_choice("reduction", reduction, REDUCTIONS)
        check_choice("pos_power", pos_power, POWERS)
        self.tau, self.q_on = tau, q_on
        self.pos_power, self.reduction = pos_power, reduction

    def forward(
        self,
        embeddings: Float[Tensor, "batch dim"],
        labels: Real[Tensor, " batch"],
        indices_tuple: tuple[Int[Tensor, " _"], ...] | None = None,
        ref_emb: Float[Tensor, "reference dim"] | None = None,
        ref_labels: Real[Tensor, " reference"] | None = None,
    ) -> Float[Tensor, ""]:
        """The loss of a batch; 0, with a gradient of 0, where there is no pair.

        Args:
            embeddings: of any length; only their direction counts.
            labels: ages in years.
            indices_tuple: pairs (anchors, positives, anchors, negatives) or triplets (anchors,
                positives, negatives) from a miner; all pairs of the batch by default. The second
                of a pair points into the reference.
            ref_emb: what the batch is compared to; itself by default.
            ref_labels: ages of `ref_emb`.

        Raises:
            ConfigError: only one of ref_emb and ref_labels, or a tuple of another length.
            DataError: an age is missing.
        """
        if (ref_emb is None) != (ref_labels is None):
            raise ConfigError("ref_emb and ref_labels belong together: give both or neither.")
        others = labels if ref_labels is None else ref_labels
        gaps = _gaps(labels, others)
        if indices_tuple is None:
            alike, apart = _all_pairs(gaps, within=others is labels)
        else:
            alike, apart = _pairs_of(indices_tuple)
        d = _squared_distances(embeddings, embeddings if ref_emb is None else ref_emb)
        q = self.similarity(gaps[apart].to(d.dtype))
        pull = d_positive(d[alike], power=self.pos_power)
        push = d_negative(d[apart], q, tau=self.tau, q_on=self.q_on)
        return self._mean(pull) + self._mean(push)

    def _mean(self, terms: Float[Tensor, " pairs"]) -> Float[Tensor, ""]:
        count = len(terms) if self.reduction == "all" else int((terms > 0).sum())
        return terms.sum() / max(count, 1)


def _gaps(
    labels: Real[Tensor, " batch"], others: Real[Tensor, " reference"]
) -> Float[Tensor, "batch reference"]:
    """Age gaps of all pairs; in float64, where every age in use is exact."""
    rows, columns = labels.double(), others.double()
    if not (rows.isfinite().all() and columns.isfinite().all()):
        raise DataError("Some labels are not finite numbers. Leave out samples without an age.")
    return (rows[:, None] - columns[None, :]).abs()  # B1, 1R -> BR


def _all_pairs(gaps: Float[Tensor, "batch reference"], *, within: bool) -> tuple[Pairs, Pairs]:
    """Positive and negative pairs; within one batch, nobody is paired with itself."""
    same = gaps < 1
    positive = same.clone().fill_diagonal_(False) if within else same
    return _places(positive), _places(~same)


def _places(mask: Tensor) -> Pairs:
    rows, columns = mask.nonzero(as_tuple=True)
    return rows, columns


def _pairs_of(indices: tuple[Int[Tensor, " _"], ...]) -> tuple[Pairs, Pairs]:
    if len(indices) == 4:
        return (indices[0], indices[1]), (indices[2], indices[3])
    if len(indices) == 3:
        return (indices[0], indices[1]), (indices[0], indices[2])
    raise ConfigError(
        f"indices_tuple must hold 3 tensors (triplets) or 4 (pairs), got {len(indices)}."
    )


def _squared_distances(
    a: Float[Tensor, "batch dim"], b: Float[Tensor, "reference dim"]
) -> Float[Tensor, "batch reference"]:
    """Squared distances of unit vectors, 2 - 2 cos; rounding must not make one negative."""
    cosine = functional.normalize(a, dim=1) @ functional.normalize(b, dim=1).T  # BD, DR -> BR
    return (2 - 2 * cosine).clamp(min=0)
