"""Pictures from a gallery's sheet, and lists of neighbours, as HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from app.components.map_view import file_url
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
    """The picture of a sample, `side` px wide."""
    columns = gallery.about["pictures"]["columns"]
    left, top = side * (picture % columns), side * (picture // columns)
    assert gallery.sheet is not None
    return (
        f'<span class="sadal-tile" role="img" aria-label="{escape(label)}" '
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
        f'<div class="sadal-scroll"><table class="sadal-near"><caption>{escape(caption)}</caption>'
        f"<thead><tr><th></th>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def figures_list(entries: Mapping[str, Any]) -> str:
    """Names and values as a definition list."""
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>"
        for name, value in entries.items()
    )
    return f'<dl class="sadal-figures">{items}</dl>'


def _cells(cells: Mapping[str, str]) -> str:
    return "".join(f"<td>{escape(value)}</td>" for value in cells.values())
