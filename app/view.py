"""What is looked at in the Metric space view, and the true distances there; no figures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np

from sadal_core.errors import DataError
from sadal_core.gallery.query import Quadruplet, anchored_by, quadruplet, quadruplets
from sadal_core.gallery.stored import Gallery

# Name of the stored map and how many of its axes are shown, by what the page calls it.
MAPS: Final[dict[str, tuple[str, int]]] = {
    "umap": ("umap", 2), "umap3": ("umap3", 3), "pca": ("pca", 2), "pca3": ("pca", 3),
    "joint": ("joint", 2),
}  # fmt: skip
SPACES: Final = ("after", "before", "both")


@dataclass(frozen=True)
class Pick:
    """What a visitor has chosen: a point, or a quadruplet by its number.

    Attributes:
        kind: "real", "generated" or "quadruplet".
        row: position of the sample, row of the generated negative, or number.
    """

    kind: str
    row: int


@dataclass(frozen=True)
class View:
    """The state of the Metric space view.

    Attributes:
        kind: in `MAPS`.
        space: in `SPACES`.
        epoch: position among the recorded epochs; None is the finished metric.
        pick: None where nothing is chosen.
    """

    kind: str = "umap"
    space: str = "after"
    epoch: int | None = None
    pick: Pick | None = None

    @property
    def spaces(self) -> tuple[str, ...]:
        """The spaces shown, the main one first."""
        return ("after", "before") if self.space == "both" else (self.space,)

    def shown(self, **changes: Any) -> "View":
        """Another view; what does not go together with the changes is given up."""
        view = replace(self, **changes)
        if view.kind == "joint" and view.space == "before":
            view = replace(view, kind="umap")
        return view if view.has_epochs else replace(view, epoch=None)

    @property
    def has_epochs(self) -> bool:
        """Whether the map shown is the one that was drawn after every epoch."""
        return self.kind == "umap" and self.space != "before"


@dataclass(frozen=True)
class Visitor:
    """A face that is no part of the gallery.

    Attributes:
        label: what it is called.
        vectors: in "after" and, where known, in "before".
    """

    label: str
    vectors: Mapping[str, np.ndarray]


def map_name(view: View, space: str) -> str:
    """Name of the stored map of `space` in `view`."""
    kind = MAPS[view.kind][0]
    return f"{space}-{'umap' if kind == 'joint' and space == 'before' else kind}"


def generates(gallery: Gallery, view: View, space: str) -> bool:
    """Whether the generator had begun to learn at the moment that is shown."""
    if view.epoch is None or space != "after" or gallery.epochs is None:
        return True
    return bool(gallery.epochs.generating[view.epoch])


def chosen_quadruplet(gallery: Gallery, pick: Pick | None) -> Quadruplet | None:
    """The quadruplet that a pick belongs to; None where there is none.

    Raises:
        DataError: the gallery has no such point.
    """
    if pick is None:
        return None
    check_pick(gallery, pick)
    if pick.kind == "real":
        return anchored_by(gallery, pick.row)
    number = pick.row % max(1, quadruplets(gallery))
    return quadruplet(gallery, number)


def check_pick(gallery: Gallery, pick: Pick) -> None:
    """Refuse a point that the gallery does not have.

    Raises:
        DataError: names it.
    """
    known = {"real": len(gallery), "generated": gallery.generated,
             "quadruplet": quadruplets(gallery)}  # fmt: skip
    if not 0 <= pick.row < known.get(pick.kind, 0):
        raise DataError(f"The gallery has no {pick.kind} point {pick.row}.")


def distances(gallery: Gallery, view: View, space: str, row: int) -> dict[str, float]:
    """True squared distances around a generated negative, in the space and epoch of the view.

    Returns:
        "before" from the anchor to the real negative, "after" to the generated one, "positive"
        to the positive.
    """
    if view.epoch is not None and space == "after" and gallery.epochs is not None:
        kept = gallery.epochs
        columns = {"before": kept.before, "after": kept.after, "positive": kept.positive}
        return {name: float(column[view.epoch, row]) for name, column in columns.items()}
    anchor, positive, source = (
        gallery.space(space)[int(gallery.negatives[name][row])].astype(np.float64)
        for name in ("anchor", "positive", "source")
    )
    to_source = float(((anchor - source) ** 2).sum())
    if space == "after":
        to_generated = float(((anchor - gallery.negative_embeddings[row]) ** 2).sum())
    else:  # copy_ratio is |generated - anchor| / |source - anchor| in features
        to_generated = float(gallery.negatives["copy_ratio"][row]) ** 2 * to_source
    pull = float(((anchor - positive) ** 2).sum())
    return {"before": to_source, "after": to_generated, "positive": pull}


class Pair(NamedTuple):
    """An anchor and one of its negatives in the finished metric.

    Attributes:
        kind: "real" or "generated" negative.
        gap: of their ages, in whole years.
        distance: squared.
    """

    kind: str
    gap: int
    distance: float


def pairs(gallery: Gallery, view: View) -> tuple[Pair, ...]:
    """The pairs of the chosen quadruplet, for views that draw distances over age gaps."""
    chosen = chosen_quadruplet(gallery, view.pick)
    made = []
    for row in () if chosen is None else chosen.rows:
        ages = (int(gallery.negatives[name][row]) for name in ("anchor_age", "source_age"))
        gap = abs(next(ages) - next(ages))
        measured = distances(gallery, View(), "after", row)
        made += [Pair("real", gap, measured["before"]), Pair("generated", gap, measured["after"])]
    return tuple(made)
