"""What the map shows, as figures: which places, which marks, which lines; no Gradio, no torch."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from app import map_text as text
from app.detail import Drawn, Window, drawn_samples
from app.figures.metric_map import MapPoints, Moment, metric_map
from app.figures.quadruplet_marks import Line, Mark, quadruplet_marks
from app.view import MAPS, View, Visitor, chosen_quadruplet, distances, generates, map_name
from sadal_core.gallery.placement import place_on
from sadal_core.gallery.query import Quadruplet, quadruplets
from sadal_core.gallery.stored import Gallery

if TYPE_CHECKING:
    import plotly.graph_objects as go

SHOWN_NEGATIVES: Final = 3000  # on the map; more hide the samples


def places(gallery: Gallery, view: View, space: str) -> tuple[np.ndarray, np.ndarray]:
    """Places of all samples and of all generated negatives."""
    if view.epoch is not None and space == "after" and gallery.epochs is not None:
        return gallery.epochs.samples[view.epoch], gallery.epochs.negatives[view.epoch]
    name, axes = map_name(view, space), MAPS[view.kind][1]
    return gallery.maps[name][:, :axes], gallery.negative_maps[name][:, :axes]


def shown_negatives(gallery: Gallery) -> np.ndarray:
    """Rows of the generated negatives that are drawn: both of each of the first quadruplets."""
    total = quadruplets(gallery)
    first = np.arange(min(total, SHOWN_NEGATIVES // 2))
    return np.concatenate([first, first + total])


def in_view(gallery: Gallery, view: View, window: Window | None = None) -> Drawn:
    """The samples that the maps of a view draw, where the main one shows this part of itself."""
    samples, _ = places(gallery, replace(view, epoch=None), view.spaces[0])
    return drawn_samples(gallery.ages, samples, window)


def scene(gallery: Gallery, view: View, drawn: Drawn | None = None) -> "list[go.Figure]":
    """The maps of a view, the main one first; at its epochs where it has them."""
    shown = (drawn or in_view(gallery, view)).rows
    return [_map(gallery, replace(view, epoch=None), space, shown) for space in view.spaces]


def _map(gallery: Gallery, view: View, space: str, shown: np.ndarray) -> "go.Figure":
    samples, negatives = places(gallery, view, space)
    rows = shown_negatives(gallery)
    pictures = nearest_pictures(gallery)[rows]
    ages = gallery.negatives["source_age"][rows]
    return metric_map(
        MapPoints(samples[shown], gallery.ages[shown], shown, shown),
        MapPoints(negatives[rows], ages, rows, pictures) if len(rows) else None,
        text.map_axes(view.kind, MAPS[view.kind][1]),
        moments=_moments(gallery, shown, rows) if view.has_epochs and space == "after" else (),
        title=text.MAP_TITLES[space],
        frame=(samples.min(axis=0), samples.max(axis=0)),
    )


def _moments(gallery: Gallery, shown: np.ndarray, rows: np.ndarray) -> list[Moment]:
    epochs = gallery.epochs
    if epochs is None:
        return []
    return [
        Moment(
            str(number),
            samples[shown],
            negatives[rows] if generating else np.full_like(negatives[rows], np.nan),
        )
        for number, generating, samples, negatives in zip(
            epochs.numbers, epochs.generating, epochs.samples, epochs.negatives, strict=True
        )
    ]


def nearest_pictures(gallery: Gallery) -> np.ndarray:
    """For each generated negative the sample nearest to it, whose picture stands for it."""
    return gallery.negative_neighbours[:, 0]


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
    return (
        made
        if not known
        else made
        + [
            Mark("generated", negatives[row], text.role("generated", int(ages[row])))
            for row in chosen.rows
        ]
    )


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
