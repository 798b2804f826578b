"""Building a gallery: faces to embeddings, generated negatives, maps and epochs.

Letters: N samples, F features.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped

from sadal_core.errors import ConfigError
from sadal_core.gallery.drawing import MOST_FITTED, Drawn, draw
from sadal_core.gallery.epochs import Recorded, epochs_of
from sadal_core.gallery.maps import MapSettings
from sadal_core.gallery.placement import NEIGHBOURS
from sadal_core.gallery.stored import Gallery
from sadal_core.hard_negatives import HardNegatives, hard_negatives
from sadal_core.metric import MetricModel
from sadal_core.neighbours import nearest
from sadal_core.objective import Objective
from sadal_core.quadruplets import Quadruplets, QuadrupletSampler

Progress = Callable[[str], object]
MOST_QUADRUPLETS: Final = 20_000  # their negatives are kept as features, far larger than faces
_NEAR_GENERATED = 5  # samples that are kept for each generated negative


@dataclass(frozen=True)
class Faces:
    """What a gallery is made of.

    Attributes:
        ids: data set and file name of each.
        ages: in whole years.
        features: of the backbone.
    """

    ids: Shaped[np.ndarray, " faces"]
    ages: Int[np.ndarray, " faces"]
    features: Float[np.ndarray, "faces features"]


@dataclass(frozen=True)
class Training:
    """How the metric was trained, and what of that is shown.

    Attributes:
        objective: gives Q and the hinges.
        age_window: of the negatives, in years; None is any.
        recorded: the metric after each epoch, in order; empty where none was recorded.
    """

    objective: Objective
    age_window: int | None = None
    recorded: Sequence[Recorded] = ()


@torch.no_grad()
def build_gallery(
    metric: MetricModel,
    training: Training,
    faces: Faces,
    settings: MapSettings,
    *,
    others: Float[np.ndarray, "others features"] | None = None,
    progress: Progress = lambda what: None,
) -> Gallery:
    """A gallery of `faces` in the metric.

    Args:
        metric: f and G.
        training: how they were learned.
        faces: at least ten.
        settings: of UMAP; the seed also draws the quadruplets and what is measured.
        others: features of the backbone of faces that are not shown, to measure placing with.
        progress: told what is made next.

    Raises:
        ConfigError: the metric was learned without a generator.
        DataError: too few faces for a map, or for a single quadruplet.
    """
    if metric.generator is None:
        raise ConfigError("This model has no generator, so there are no negatives to show.")
    progress("embeddings and generated negatives")
    x = standardised(metric, faces.features)
    sampler = QuadrupletSampler(faces.ages, age_window=training.age_window, seed=settings.seed)
    quadruplets = Quadruplets(*(part[:MOST_QUADRUPLETS] for part in sampler.epoch(0)))

    def generated(model: MetricModel) -> HardNegatives:
        assert model.generator is not None
        return hard_negatives(
            model.generator, model.head, torch.from_numpy(x), faces.ages, quadruplets,
            training.objective,
        )  # fmt: skip

    made, embeddings = generated(metric), embedded(metric, x)
    after = Drawn(embeddings, made.embeddings)
    new = None if others is None else embedded(metric, standardised(metric, others))
    maps = draw({"after": after, "before": Drawn(x, made.features)}, settings, new, progress)
    # An epoch is a UMAP of all faces that starts from the next one's, which cannot be placed.
    recorded = training.recorded if len(x) <= MOST_FITTED else ()
    epochs = epochs_of(recorded, x, generated, settings, maps, progress)
    return Gallery(
        about={
            "maps": {
                "umap": settings.figures(), "placed_with": NEIGHBOURS,
                "fitted_on": min(len(x), MOST_FITTED), **maps.about,
                **({} if epochs is None else {"epochs": epochs.faithfulness}),
            },
            "data": _counts(faces, quadruplets),
        },
        ids=faces.ids,
        ages=faces.ages,
        features=x,
        embeddings=embeddings,
        neighbours=nearest(embeddings, min(NEIGHBOURS, len(x) - 1)).astype(np.int32),
        maps=maps.samples,
        negatives=made.table(),
        negative_embeddings=made.embeddings,
        negative_neighbours=nearest(
            embeddings, min(_NEAR_GENERATED, len(x)), made.embeddings
        ).astype(np.int32),
        negative_maps=maps.negatives,
        epochs=None if epochs is None else epochs.stored,
    )  # fmt: skip


def standardised(
    metric: MetricModel, features: Float[np.ndarray, "faces features"]
) -> Float[np.ndarray, "faces features"]:
    """X of the backbone's features, rounded to the 16 bits in which a gallery keeps it."""
    x = metric.standardise(torch.from_numpy(features))
    return x.numpy().astype(np.float16).astype(np.float32)


@torch.no_grad()
def embedded(
    metric: MetricModel, x: Float[np.ndarray, "faces features"]
) -> Float[np.ndarray, "faces dim"]:
    """F of x."""
    return metric.head(torch.from_numpy(x)).numpy()


def _counts(faces: Faces, quadruplets: Quadruplets) -> dict[str, Any]:
    return {
        "faces": len(faces.ages),
        "youngest": int(faces.ages.min()),
        "oldest": int(faces.ages.max()),
        "quadruplets": len(quadruplets.anchor),
    }
