"""What the Metric space view answers: values of its parts, from a gallery and a state."""

from html import escape
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from app import belief_text
from app import map_text as text
from app.components.figure import figure_data
from app.components.near import NearRow, near_table, tile
from app.components.stage import data_url
from app.components.words import sentences
from app.detail import Window
from app.figures.selection import age_histogram, distances_by_gap
from app.files import file_url
from app.scene import in_view, marks, nearest_pictures, scene
from app.selection import (
    Selection,
    gap_distances,
    reference_sample,
    selection_table,
)
from app.services import Photo, Services
from app.tabs.metric_space.links import texts_of
from app.view import (
    Pick,
    View,
    Visitor,
    check_pick,
    chosen_quadruplet,
    distances,
    generates,
    map_name,
)
from sadal_core.errors import DataError
from sadal_core.gallery.query import Quadruplet, hardest_first, near, quadruplets
from sadal_core.gallery.stored import Gallery

_NEIGHBOURS: Final = 8
_START_AGE: Final = 30
_ROWS_SHOWN: Final = 1000  # of the table; the CSV holds all


def whole_map(
    services: Services, gallery: Gallery, view: View, photo: Any, window: Window | None = None
) -> dict[str, Any]:
    """The maps of a view, where this part of the main one is seen, and what is drawn over them."""
    assert gallery.sheet is not None
    drawn = in_view(gallery, view, window)
    pictures = gallery.about["pictures"]
    epochs = gallery.epochs if view.has_epochs else None
    return {
        **marks_alone(services, gallery, view, photo),
        "figures": [figure_data(figure) for figure in scene(gallery, view, drawn)],
        "drawn": text.drawn(len(drawn.rows), drawn.in_view, len(gallery)),
        "epochs": None
        if epochs is None
        else [
            {"number": int(number), "generating": bool(generating)}
            for number, generating in zip(epochs.numbers, epochs.generating, strict=True)
        ],
        "epoch": view.epoch,
        "sheet": {"url": file_url(gallery.sheet), "columns": pictures["columns"]},
    }


def marks_alone(services: Services, gallery: Gallery, view: View, photo: Any) -> dict[str, Any]:
    """What is drawn over the maps that the browser has."""
    drawn = marks(gallery, view, visitors(services, photo))
    return {
        "key": f"{view.kind}/{view.space}",
        "marks": [figure_data(figure) for figure in drawn],
        "texts": texts_of(gallery, view),
    }


def visitors(services: Services, photo: Any) -> list[Visitor]:
    """The faces of a visitor's photo, in both spaces where that can be told."""
    if not isinstance(photo, Photo):
        return []
    made = []
    for number, face in enumerate(photo.faces, start=1):
        vectors = {"after": face.embedding}
        if services.standardise is not None:
            vectors["before"] = services.standardise(face.features[None])[0]
        made.append(Visitor(text.your_face(number, len(photo.faces), face.summary.age), vectors))
    return made


def believe(gallery: Gallery, view: View) -> str:
    """Parameters, faithfulness and warnings of the maps shown, as HTML."""
    names = tuple(map_name(view, space) for space in view.spaces)
    epoch = view.epoch if view.epoch is not None else None
    told = belief_text.faithfulness(gallery.about, names, epoch)
    return (
        f'<details class="sadal-believe" open><summary>{belief_text.BELIEVE}</summary>'
        f"{sentences([*told, *belief_text.WARNINGS])}</details>"
    )


def epoch_of(gallery: Gallery, data: Any) -> int | None:
    """The epoch that the browser asks for; the finished metric if it asks for none there is."""
    sent = data.get("epoch") if isinstance(data, dict) else None
    count = 0 if gallery.epochs is None else len(gallery.epochs.numbers)
    return sent if type(sent) is int and 0 <= sent < count - 1 else None


def pick_of(data: Any) -> Pick:
    """The point that the browser names, which may not exist."""
    sent = data if isinstance(data, dict) else {}
    row = sent.get("row")
    return Pick(str(sent.get("kind")), row if type(row) is int else -1)


def anchor_ages(gallery: Gallery) -> list[int]:
    """Ages of which there is a quadruplet."""
    return np.unique(gallery.negatives["anchor_age"][: quadruplets(gallery)]).tolist()


def start_age(gallery: Gallery) -> int:
    """The age whose hardest quadruplet is shown first: the one nearest to 30 years."""
    return min(anchor_ages(gallery), key=lambda age: abs(age - _START_AGE), default=-1)


def by_rank(gallery: Gallery, age: int | None, place: float | None, step: int) -> tuple[Pick, int]:
    """The quadruplet `step` places from the given one, from the hardest, and its place from 1."""
    order = hardest_first(gallery, None if age is None or age < 0 else int(age))
    wanted = min(max(place or 1, 0), len(order)) + step
    place = int(max(1, min(wanted, len(order))))
    number = int(order[place - 1]) if len(order) else -1
    return Pick("quadruplet", number), place


def about_pick(gallery: Gallery, view: View) -> str:
    """The quadruplet and the neighbours of what is chosen, as HTML.

    Raises:
        DataError: the gallery has no such point.
    """
    pick = view.pick
    if pick is None:
        return sentences([text.PICK_NOTHING])
    check_pick(gallery, pick)
    chosen = chosen_quadruplet(gallery, pick)
    parts = [_quadruplet(gallery, view, chosen) if chosen else sentences([text.NO_QUADRUPLET])]
    if pick.kind == "quadruplet" and chosen:
        pick = Pick("real", chosen.anchor)
    return _title(gallery, pick) + "".join(parts) + _neighbours(gallery, view, pick)


def _title(gallery: Gallery, pick: Pick) -> str:
    sample = pick.row if pick.kind == "real" else int(nearest_pictures(gallery)[pick.row])
    age = gallery.ages[sample] if pick.kind == "real" else gallery.negatives["source_age"][pick.row]
    title = text.picked(pick.kind, int(age), str(gallery.ids[sample]))
    return f'<div class="sadal-picked">{tile(gallery, sample, side=72)}<p>{escape(title)}</p></div>'


def _quadruplet(gallery: Gallery, view: View, chosen: Quadruplet) -> str:
    columns = gallery.negatives
    entries = []
    space, known = view.spaces[0], generates(gallery, view, view.spaces[0])
    for row, name in zip(chosen.rows, ("younger", "older"), strict=True):
        measured = distances(gallery, view, space, row)
        source = int(columns["source"][row])
        entries.append(
            NearRow(
                source,
                {
                    "negative": text.role(name, int(gallery.ages[source])),
                    "Q": f"{columns['q'][row]:.2f}",
                    "real": text.distance(measured["before"]),
                    "generated": text.distance(measured["after"]) if known else "–",
                    "demanded": text.distance(float(columns["demanded"][row])),
                },
            )
        )
    age = int(gallery.ages[chosen.anchor])
    pull = distances(gallery, view, view.spaces[0], chosen.rows[0])["positive"]
    return near_table(gallery, text.quadruplet(age, text.distance(pull)), entries)


def _neighbours(gallery: Gallery, view: View, pick: Pick) -> str:
    space = view.spaces[0] if pick.kind == "real" else "after"
    if pick.kind == "real":
        age = int(gallery.ages[pick.row])
        found = near(
            gallery.space(space)[pick.row], gallery.space(space), _NEIGHBOURS, without=pick.row
        )
    else:
        age = int(gallery.negatives["source_age"][pick.row])
        found = near(gallery.negative_embeddings[pick.row], gallery.embeddings, _NEIGHBOURS)
    gaps = np.abs(gallery.ages[found.samples] - age)
    q = similarity_of(gallery)(gaps.astype(np.float64))
    rows = [
        NearRow(
            int(sample),
            {"age": str(gallery.ages[sample]), "distance": f"{distance:.3f}",
             "age gap": str(gap), "Q": f"{value:.2f}"},
        )
        for sample, distance, gap, value in zip(*found, gaps, q, strict=True)
    ]  # fmt: skip
    return near_table(gallery, text.neighbours(space), rows)


def similarity_of(gallery: Gallery) -> Any:
    """Q as the model was trained with it."""
    from sadal_core.similarity import Similarity  # imports torch

    config = gallery.about["config"]
    return Similarity(*(config[name] for name in ("variant", "L", "eps", "C")))


class About(NamedTuple):
    """What is shown of a selection."""

    words: str
    ages: Any
    gaps: Any
    table: pd.DataFrame | None


def about_selection(gallery: Gallery, view: View, selection: Selection) -> About:
    """Histogram, distances by gap, table and file of a selection; nothing of an empty one."""
    if len(selection) == 0:
        return About(sentences([text.SELECTION_NONE]), None, None, None)
    similarity = similarity_of(gallery)
    chosen = _chosen_sample(gallery, view)
    reference = reference_sample(gallery, selection, chosen)
    table = selection_table(gallery, selection, view, similarity, reference)
    space = view.spaces[0]
    measured = gap_distances(gallery, selection, space)
    config = gallery.about["config"]
    demanded = None
    if space == "after":
        gaps = np.arange(0.0, max(1, int(np.ptp(gallery.ages))) + 1)
        demanded = similarity.demanded_distance(gaps, tau=config["tau"], q_on=config["q_on"])
        demanded = np.where(demanded <= 4, demanded, np.nan)
    words = [text.selected(len(selection.samples), len(selection.negatives))]
    if reference is not None:
        age, ident = int(gallery.ages[reference]), str(gallery.ids[reference])
        words.append(text.reference(age, ident, chosen=chosen is not None))
    return About(
        sentences(words) + _csv_link(table),
        age_histogram(gallery.ages[selection.samples], gallery.ages),
        distances_by_gap(
            (measured.gaps, measured.distances),
            (measured.negative_gaps, measured.negative_distances),
            demanded,
        ),
        _shown(table),
    )


def _chosen_sample(gallery: Gallery, view: View) -> int | None:
    try:
        chosen = chosen_quadruplet(gallery, view.pick)
    except DataError:
        return None
    if chosen is not None:
        return chosen.anchor
    return view.pick.row if view.pick is not None and view.pick.kind == "real" else None


def _csv_link(table: pd.DataFrame) -> str:
    file = data_url(table.to_csv(index=False).encode(), "text/csv")
    return (
        f'<p class="sadal-saves"><a class="sadal-save" download="sadal-selection.csv" '
        f'href="{file}">{text.SELECTION_CSV}</a></p>'
    )


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    shown = table.head(_ROWS_SHOWN).copy()
    numbers = shown.select_dtypes("floating").columns
    shown[numbers] = shown[numbers].astype(np.float64).round(3)  # 32 bits would show their noise
    return shown
