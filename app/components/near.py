"""Pictures from a gallery's sheet, and lists of neighbours, as HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from app.files import file_url
from sadal_core.gallery.query import near
from sadal_core.gallery.stored import Gallery


class NearRow(NamedTuple):
    """One line of a list of neighbours.

    Attributes:
        picture: number of the tile.
        cells: what is written, by heading.
    """

    picture: int
    cells: Mapping[str, str]


def tile(gallery: Gallery, picture: int, *, side: int = 48, label: str = "") -> str:
    """The picture of a sample, `side` px wide; without a label what is beside it says enough."""
    spoken = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    columns = gallery.about["pictures"]["columns"]
    left, top = side * (picture % columns), side * (picture // columns)
    assert gallery.sheet is not None
    return (
        f'<span class="sadal-tile" {spoken} '
        f"style=\"width:{side}px;height:{side}px;background-image:url('{file_url(gallery.sheet)}');"
        f'background-size:{columns * side}px auto;background-position:-{left}px -{top}px"></span>'
    )


def near_table(gallery: Gallery, caption: str, rows: Sequence[NearRow]) -> str:
    """A table with a picture in front of each row."""
    if not rows:
        return ""
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in rows[0].cells)
    body = "".join(
        f"<tr><td>{tile(gallery, row.picture, side=36)}</td>{_cells(row.cells)}</tr>"
        for row in rows
    )
    return (
        f'<p class="sadal-hint sadal-caption">{escape(caption)}</p>'
        f'<div class="sadal-scroll" role="group" tabindex="0" aria-label="{escape(caption)}">'
        f'<table class="sadal-near">'
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def nearest_strip(gallery: Gallery, embedding: np.ndarray, caption: str, *, count: int = 6) -> str:
    """The samples nearest to an embedding, with their ages and true squared distances."""
    found = near(embedding, gallery.embeddings, count)
    items = "".join(
        f"<figure>{tile(gallery, int(sample), side=56)}"
        f"<figcaption>{gallery.ages[sample]} years<br>{distance:.2f}</figcaption></figure>"
        for sample, distance in zip(*found, strict=True)
    )
    return (
        f'<div id="sadal-nearest"><p class="sadal-hint">{escape(caption)}</p>'
        f'<div class="sadal-faces">{items}</div></div>'
    )


def _cells(cells: Mapping[str, str]) -> str:
    return "".join(f"<td>{escape(value)}</td>" for value in cells.values())
