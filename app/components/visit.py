"""What the views of one visitor share."""

from dataclasses import dataclass
from typing import Final

import gradio as gr

_KEEP_SECONDS: Final = 3600  # a result left alone this long is forgotten


@dataclass(frozen=True)
class Visit:
    """States that one view writes and others read.

    Attributes:
        photo: the photo whose faces were estimated, or None.
        pairs: `scene.Pair`s of the quadruplet that is chosen on the map.
        link: part that is told how a view stands; see `linked.link_part`.
    """

    photo: gr.State
    pairs: gr.State
    link: gr.HTML


def visit(link: gr.HTML) -> Visit:
    """Empty states, to be made inside the page."""
    return Visit(gr.State(None, time_to_live=_KEEP_SECONDS), gr.State(()), link)
