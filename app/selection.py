"""What lies in a selection on the map: ages, distances by gap, and a table, as plain data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from app.scene import places
from app.view import View
from sadal_core.gallery.query import medoid, pairs_within, squared_distances
from sadal_core.gallery.stored import Gallery

if TYPE_CHECKING:  # at run time this would import torch
    from sadal_core.similarity import Similarity

_SEED = 0  # of the pairs that are drawn where there are many


@dataclass(frozen=True)
class Selection:
    """Points chosen on the map.

    Attributes:
        samples: positions of real samples.
        negatives: rows of generated negatives.
    """

    samples: np.ndarray
    negatives: np.ndarray

    def __len__(self) -> int:
        """Number of points."""
        return len(self.samples) + len(self.negatives)


@dataclass(frozen=True)
class GapDistances:
    """Squared distances of pairs by their age gap in years.

    Attributes:
        gaps: of pairs of selected samples.
        distances: of these pairs.
        negative_gaps: of selected generated negatives to their anchor.
        negative_distances: of these.
    """

    gaps: np.ndarray
    distances: np.ndarray
    negative_gaps: np.ndarray
    negative_distances: np.ndarray


def read_selection(gallery: Gallery, data: object) -> Selection:
    """The selection that a browser sends; rows that the gallery does not have are left out."""
    sent = data if isinstance(data, dict) else {}
    limits = {"real": len(gallery), "generated": gallery.generated}
    return Selection(*(_rows(sent.get(name), limit) for name, limit in limits.items()))


def _rows(sent: object, limit: int) -> np.ndarray:
    rows = sent if isinstance(sent, list) else []
    known = {row for row in rows if type(row) is int and 0 <= row < limit}
    return np.array(sorted(known), np.int64)


def gap_distances(gallery: Gallery, selection: Selection, space: str) -> GapDistances:
    """Pairs within the selected samples, and generated negatives with their anchors.

    Args:
        gallery: whose.
        selection: what is selected.
        space: "after" or "before"; of generated negatives only "after" is known.
    """
    first, second = pairs_within(selection.samples, np.random.default_rng(_SEED))
    vectors = gallery.space(space)
    rows = selection.negatives if space == "after" else selection.negatives[:0]
    columns = gallery.negatives
    return GapDistances(
        np.abs(gallery.ages[first] - gallery.ages[second]),
        ((vectors[first].astype(np.float64) - vectors[second]) ** 2).sum(axis=1),
        np.abs(columns["anchor_age"][rows] - columns["source_age"][rows]),
        columns["distance_after"][rows],
    )


def reference_sample(gallery: Gallery, selection: Selection, chosen: int | None) -> int | None:
    """The sample that distances are taken from: the chosen one, else the most central one."""
    if chosen is not None:
        return chosen
    if len(selection.samples) == 0:
        return None
    return int(selection.samples[medoid(gallery.embeddings[selection.samples])])


def selection_table(
    gallery: Gallery,
    selection: Selection,
    view: View,
    similarity: "Similarity",
    reference: int | None,
) -> pd.DataFrame:
    """One row per point: id, kind, age, place, and age gap, Q and distance to the reference.

    A generated negative is measured from its own anchor, a real sample from `reference`; places
    are those of the map that is shown first.
    """
    samples, negatives = places(gallery, view, view.spaces[0])
    columns, rows = gallery.negatives, selection.negatives
    real = selection.samples
    ages = np.concatenate([gallery.ages[real], columns["source_age"][rows]])
    froms = np.concatenate(
        [
            np.full(len(real), gallery.ages[reference] if reference is not None else 0),
            columns["anchor_age"][rows],
        ]
    )
    gaps = np.abs(ages - froms)
    where = np.concatenate([samples[real], negatives[rows]])
    centre = gallery.embeddings[reference if reference is not None else 0]
    table = {
        "id": [*gallery.ids[real].tolist(), *(f"generated/{row}" for row in rows.tolist())],
        "kind": ["real"] * len(real) + ["generated"] * len(rows),
        "age": ages,
        **dict(zip("xyz", where.T, strict=False)),
        "from": [gallery.ids[reference] if reference is not None else ""] * len(real)
        + gallery.ids[columns["anchor"][rows]].tolist(),
        "age_gap": gaps,
        "Q": similarity(gaps.astype(np.float64)),
        "distance": np.concatenate(
            [squared_distances(centre, gallery.embeddings[real]), columns["distance_after"][rows]]
        ),
    }
    return pd.DataFrame(table)
