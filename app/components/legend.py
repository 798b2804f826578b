"""The one legend of marks: what each shape and colour means, in every view."""

from html import escape
from typing import Final

from app import map_text as text
from app.figures.quadruplet_marks import ROLES, WHITE

# The shapes of `ROLES` in a box of 16 units, as plotly draws them.
_SHAPES: Final = {
    "circle": '<circle cx="8" cy="8" r="5.5"/>',
    "square": '<rect x="3" y="3" width="10" height="10"/>',
    "triangle-down": '<path d="M2 4h12l-6 9z"/>',
    "triangle-up": '<path d="M2 13h12l-6-9z"/>',
    "diamond": '<path d="M8 1l7 7-7 7-7-7z"/>',
    "star": '<path d="M8 1l2 5h5l-4 3.3 1.6 5L8 11.3 3.4 14.3 5 9.3 1 6h5z"/>',
}


def legend(roles: tuple[str, ...] = tuple(text.LEGEND)) -> str:
    """The marks of these roles with their names, as HTML."""
    return f'<ul class="sadal-legend">{"".join(_entry(role) for role in roles)}</ul>'


def _entry(role: str) -> str:
    look = ROLES[role]
    edge = look.edge if look.fill == WHITE else look.fill  # a white edge needs a crowd behind it
    return (
        f'<li><svg viewBox="0 0 16 16" aria-hidden="true" fill="{look.fill}" '
        f'stroke="{edge}" stroke-width="2">{_SHAPES[look.plane]}</svg>'
        f"{escape(text.LEGEND[role])}</li>"
    )
