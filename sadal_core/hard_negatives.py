"""Generated hard negatives as results: what they are, where they came from, what they did.

Arrays only, so that they can be plotted, sorted and exported without torch. Letters: N rows,
two per quadruplet; F features; D dimensions.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sadal_core.collapse import (
    CollapseReport,
    active_fraction,
    copy_ratio,
    midpoint_residual,
    space_figures,
)
from sadal_core.embedding import EmbeddingHead
from sadal_core.errors import DataError
from sadal_core.generator import HardNegativeGenerator
from sadal_core.losses import d_negative, g_adv, squared_distance
from sadal_core.objective import Objective
from sadal_core.quadruplets import Quadruplets

Column = Float[np.ndarray, " rows"]
Ids = Int[np.ndarray, " rows"]
Flags = Bool[np.ndarray, " rows"]
Embeddings = Float[Tensor, "rows dim"]


@dataclass(frozen=True)
class HardNegatives:
    """One row per generated negative: those of the younger negatives first, then the older ones.

    As the objective pairs them, the younger negative belongs to the quadruplet's anchor, the
    older one to its positive; `anchor` is the one it belongs to, `positive` the other.

    Attributes:
        anchor: position of the sample that the negative is held against.
        positive: position of the sample of the same age.
        source: position of the real negative it was generated from.
        anchor_age: in whole years.
        source_age: in whole years; the generated negative is taken to have this age.
        q: Q of the gap of the two.
        features: generated features.
        embeddings: f of `features`.
        distance_before: squared distance in the metric, from the anchor to the real negative.
        distance_after: the same to the generated negative.
        demanded: squared distance at which the metric's hinge is met.
        adversary_active: G_adv of the generated negative is above 0.
        metric_active: the hinge in D of the generated negative is above 0.
        real_active: the same hinge of the real negative.
        copy_ratio: see `collapse.copy_ratio`, in features.
        midpoint_residual: see `collapse.midpoint_residual`, in features.
    """

    anchor: Ids
    positive: Ids
    source: Ids
    anchor_age: Ids
    source_age: Ids
    q: Column
    features: Float[np.ndarray, "rows features"]
    embeddings: Float[np.ndarray, "rows dim"]
    distance_before: Column
    distance_after: Column
    demanded: Column
    adversary_active: Flags
    metric_active: Flags
    real_active: Flags
    copy_ratio: Column
    midpoint_residual: Column

    def __len__(self) -> int:
        """Number of generated negatives."""
        return len(self.anchor)

    def table(self) -> dict[str, np.ndarray]:
        """The columns of one number per row, by name: what a table or a file holds."""
        columns = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: column for name, column in columns.items() if column.ndim == 1}

    def collapse_report(
        self,
        embeddings: Float[np.ndarray, "samples dim"],
        ages: Int[np.ndarray, " samples"],
        rng: np.random.Generator,
    ) -> CollapseReport:
        """The detectors for these negatives and the embeddings of real samples.

        Args:
            embeddings: f of real samples.
            ages: their ages in whole years.
            rng: draws the pairs and triplets that are measured.
        """
        return CollapseReport(
            **space_figures(embeddings, ages, rng),
            copy_ratio=_median(self.copy_ratio),
            midpoint_residual=_median(self.midpoint_residual),
            adversary_active=active_fraction(self.adversary_active),
            metric_active=active_fraction(self.metric_active),
        )


@torch.no_grad()
def hard_negatives(
    generator: HardNegativeGenerator,
    head: EmbeddingHead,
    features: Float[Tensor, "samples features"],
    ages: Int[np.ndarray, " labels"],
    quadruplets: Quadruplets,
    objective: Objective,
) -> HardNegatives:
    """The negatives that `generator` makes for `quadruplets`, and how they stand in the metric.

    Args:
        generator: G.
        head: f.
        features: x of all samples, on the device of the two networks.
        ages: of all samples in whole years, as in `QuadrupletSampler.ages`.
        quadruplets: positions among the samples.
        objective: gives Q and decides which hinges are active.

    Raises:
        DataError: features and ages differ in number, or a feature is not finite.
    """
    _check(features, ages)
    anchor = np.concatenate([quadruplets.anchor, quadruplets.positive])
    positive = np.concatenate([quadruplets.positive, quadruplets.anchor])
    source = np.concatenate([quadruplets.younger, quadruplets.older])
    x_anchor, x_positive, x_source = (_rows(features, ids) for ids in (anchor, positive, source))
    generated = generator(x_source, x_anchor, x_positive)
    e_anchor, e_positive, e_source, e_generated = (
        head(x) for x in (x_anchor, x_positive, x_source, generated)
    )
    gaps = np.abs(ages[anchor] - ages[source])
    triple = [x.cpu().numpy() for x in (generated, x_anchor, x_source)]
    return HardNegatives(
        anchor=anchor,
        positive=positive,
        source=source,
        anchor_age=ages[anchor],
        source_age=ages[source],
        features=triple[0],
        embeddings=e_generated.cpu().numpy(),
        copy_ratio=copy_ratio(*triple),
        midpoint_residual=midpoint_residual(*triple),
        **_standing(e_anchor, e_positive, e_source, e_generated, gaps, objective),
    )


def _standing(
    anchor: Embeddings,
    positive: Embeddings,
    source: Embeddings,
    generated: Embeddings,
    gaps: Int[np.ndarray, " rows"],
    objective: Objective,
) -> dict[str, np.ndarray]:
    """The columns of `HardNegatives` that depend on the metric, by name."""
    tau, q_on, similarity = objective.tau, objective.q_on, objective.similarity
    q = similarity(torch.from_numpy(gaps).to(anchor))
    before, after = squared_distance(anchor, source), squared_distance(anchor, generated)
    adversary = g_adv(
        after,
        squared_distance(anchor, positive),
        q,
        tau=tau,
        alpha=objective.alpha,
        adv=objective.adv,
    )
    columns = {
        "q": q,
        "distance_before": before,
        "distance_after": after,
        "demanded": similarity.demanded_distance(torch.from_numpy(gaps), tau=tau, q_on=q_on),
        "adversary_active": adversary > 0,
        "metric_active": d_negative(after, q, tau=tau, q_on=q_on) > 0,
        "real_active": d_negative(before, q, tau=tau, q_on=q_on) > 0,
    }
    return {name: column.cpu().numpy() for name, column in columns.items()}


def _rows(features: Float[Tensor, "samples dim"], positions: Ids) -> Float[Tensor, "rows dim"]:
    return features[torch.from_numpy(positions).to(features.device)]


def _check(features: Float[Tensor, "samples dim"], ages: Int[np.ndarray, " labels"]) -> None:
    if len(features) != len(ages):
        raise DataError(
            f"There are {len(features)} rows of features for {len(ages)} ages. Give one row each."
        )
    wrong = (~features.isfinite().all(dim=1)).nonzero()
    if len(wrong):
        raise DataError(
            f"The features of sample {int(wrong[0])}, and of {len(wrong)} samples in all, hold "
            "values that are not finite. Compute them again, or leave these samples out."
        )


def _median(values: Column) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")
