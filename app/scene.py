"""What the map shows, as data: which places, which marks, which distances; no Gradio, no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from app import map_text as text
from app.figures.metric_map import MapPoints, Moment, metric_map
from app.figures.quadruplet_marks import Line, Mark, quadruplet_marks
from sadal_core.errors import DataError
from sadal_core.gallery.placement import place_on
from sadal_core.gallery.query import Quadruplet, anchored_by, quadruplet, quadruplets
from sadal_core.gallery.stored import Gallery

if TYPE_CHECKING:
    import plotly.graph_objects as go

# Name of the stored map and how many of its axes are shown, by what the page calls it.
MAPS: Final[dict[str, tuple[str, int]]] = {
    "umap": ("umap", 2), "umap3": ("umap3", 3), "pca": ("pca", 2), "pca3": ("pca", 3),
    "joint": ("joint", 2),
}  # fmt: skip
SPACES: Final = ("after", "before", "both")
SHOWN_NEGATIVES: Final = 3000  # on the map; more hide the samples


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


def places(gallery: Gallery, view: View, space: str) -> tuple[np.ndarray, np.ndarray]:
    """Places of all samples and of all generated negatives."""
    if view.epoch is not None and space == "after" and gallery.epochs is not None:
        return gallery.epochs.samples[view.epoch], gallery.epochs.negatives[view.epoch]
    name, axes = map_name(view, space), MAPS[view.kind][1]
    return gallery.maps[name][:, :axes], gallery.negative_maps[name][:, :axes]


def generates(gallery: Gallery, view: View, space: str) -> bool:
    """Whether the generator had begun to learn at the moment that is shown."""
    if view.epoch is None or space != "after" or gallery.epochs is None:
        return True
    return bool(gallery.epochs.generating[view.epoch])


def shown_negatives(gallery: Gallery) -> np.ndarray:
    """Rows of the generated negatives that are drawn: both of each of the first quadruplets."""
    total = quadruplets(gallery)
    first = np.arange(min(total, SHOWN_NEGATIVES // 2))
    return np.concatenate([first, first + total])


def scene(gallery: Gallery, view: View) -> "list[go.Figure]":
    """The maps of a view, the main one first; at its epochs where it has them."""
    return [_map(gallery, replace(view, epoch=None), space) for space in view.spaces]


def _map(gallery: Gallery, view: View, space: str) -> "go.Figure":
    samples, negatives = places(gallery, view, space)
    rows = shown_negatives(gallery)
    pictures = nearest_pictures(gallery)[rows]
    count = np.arange(len(gallery))
    ages = gallery.negatives["source_age"][rows]
    return metric_map(
        MapPoints(samples, gallery.ages, count, count),
        MapPoints(negatives[rows], ages, rows, pictures) if len(rows) else None,
        text.map_axes(view.kind, MAPS[view.kind][1]),
        moments=_moments(gallery, rows) if view.has_epochs and space == "after" else (),
        title=text.MAP_TITLES[space],
    )


def _moments(gallery: Gallery, rows: np.ndarray) -> list[Moment]:
    epochs = gallery.epochs
    if epochs is None:
        return []
    return [
        Moment(
            str(number),
            samples,
            negatives[rows] if generating else np.full_like(negatives[rows], np.nan),
        )
        for number, generating, samples, negatives in zip(
            epochs.numbers, epochs.generating, epochs.samples, epochs.negatives, strict=True
        )
    ]


def nearest_pictures(gallery: Gallery) -> np.ndarray:
    """For each generated negative the sample nearest to it, whose picture stands for it."""
    return gallery.negative_neighbours[:, 0]


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


def marks(gallery: Gallery, view: View, visitors: Sequence[Visitor] = ()) -> "list[go.Figure]":
    """What is drawn over each map of `scene`, in the same order."""
    return [_marks(gallery, view, space, visitors) for space in view.spaces]


def _marks(gallery: Gallery, view: View, space: str, visitors: Sequence[Visitor]) -> "go.Figure":
    samples, negatives = places(gallery, view, space)
    points: list[Mark] = []
    lines: list[Line] = []
    chosen = chosen_quadruplet(gallery, view.pick)
    if chosen is not None:
        known = generates(gallery, view, space)
        points += _roles(gallery, chosen, samples, negatives, known=known)
        lines += _lines(gallery, view, space, chosen, samples, negatives)
    elif view.pick is not None:
        age = int(gallery.ages[view.pick.row])
        points.append(Mark("anchor", samples[view.pick.row], text.role("anchor", age)))
    points += _visitors(gallery, view, space, visitors)
    return quadruplet_marks(points, lines)


def _roles(
    gallery: Gallery,
    chosen: Quadruplet,
    samples: np.ndarray,
    negatives: np.ndarray,
    *,
    known: bool,
) -> list[Mark]:
    roles = {"anchor": chosen.anchor, "positive": chosen.positive,
             "younger": chosen.younger, "older": chosen.older}  # fmt: skip
    made = [
        Mark(name, samples[i], text.role(name, int(gallery.ages[i]))) for name, i in roles.items()
    ]
    ages = gallery.negatives["source_age"]
    return made + [
        Mark("generated", negatives[row], text.role("generated", int(ages[row])))
        for row in chosen.rows
    ]


def _lines(
    gallery: Gallery,
    view: View,
    space: str,
    chosen: Quadruplet,
    samples: np.ndarray,
    negatives: np.ndarray,
) -> list[Line]:
    lines = []
    for row, source in zip(chosen.rows, (chosen.younger, chosen.older), strict=True):
        held = int(gallery.negatives["anchor"][row])
        measured = distances(gallery, view, space, row)
        lines.append(Line(samples[held], samples[source], text.distance(measured["before"])))
        if generates(gallery, view, space):
            lines += [
                Line(samples[held], negatives[row], text.distance(measured["after"])),
                Line(samples[source], negatives[row], "", "arrows"),
            ]
    pull = distances(gallery, view, space, chosen.rows[0])["positive"]
    return [*lines, Line(samples[chosen.anchor], samples[chosen.positive], text.distance(pull))]


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


def _visitors(gallery: Gallery, view: View, space: str, visitors: Sequence[Visitor]) -> list[Mark]:
    if view.epoch is not None:
        return []  # how the metric of that epoch would have seen this face is not known
    name, axes = map_name(view, space), MAPS[view.kind][1]
    made = []
    for visitor in visitors:
        vector = visitor.vectors.get(space)
        if vector is not None:
            where = place_on(name, vector[None], gallery.space(space), gallery.maps[name])
            made.append(Mark("you", where[0, :axes], visitor.label))
    return made
