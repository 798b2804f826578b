"""Figures of the site: made by the functions that draw them on the page, from stored files.

A text says `<!-- figure: NAME: caption -->`, which is not seen where the text is read without the
site.
"""

import re
from collections.abc import Callable
from html import escape
from posixpath import dirname, relpath
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File

from app.curves import QSettings, learned, q_curves
from app.figures.comparison import differences
from app.figures.negatives import distances_by_age_gap, segment_plane
from app.figures.similarity_curves import similarity_curves
from app.files import PLOTLY
from app.generated import along_and_off
from app.results import load_results
from sadal_core.gallery.stored import BUNDLED_GALLERY, Gallery, load_gallery
from sadal_core.manifest import BUNDLED_MODEL, check_folder

_PLACE: Final = re.compile(r"<!-- figure: ([\w-]+): (.*?) -->", re.DOTALL)
_SCRIPTS: Final = ("look/plotly.min.js", "look/figures.js")


def plotly(config: MkDocsConfig) -> File:
    """The library that draws, from the installed package."""
    return File.generated(config, _SCRIPTS[0], abs_src_path=str(PLOTLY))


def drawn(html: str, page: str) -> str:
    """HTML with a figure in the place of each comment that names one.

    Args:
        html: of a page.
        page: its address in the site.

    Raises:
        KeyError: there is no figure of a name.
    """
    made = _PLACE.sub(lambda found: _figure(found[1], " ".join(found[2].split())), html)
    if made == html:
        return html
    scripts = (relpath(name, dirname(page) or ".") for name in _SCRIPTS)
    return made + "".join(f'<script src="{name}" defer></script>' for name in scripts)


def _figure(name: str, caption: str) -> str:
    data = str(FIGURES[name]().to_json(validate=False)).replace("</", "<\\/")
    return (
        f'<figure class="drawn" id="figure-{name}"><div role="img" aria-label="{escape(caption)}">'
        f'</div><script type="application/json">{data}</script>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _printed() -> go.Figure:
    """Q of the slides on the distance, as they print it."""
    curves = q_curves("slide", L=5, eps=1, C=None, tau=0.5, q_on="distance")
    return similarity_curves(curves, None, None, demand="τ / Q")


def _released() -> go.Figure:
    """Q as the released code computes it."""
    curves = q_curves("code_literal", L=5, eps=1, C=None, tau=0.5, q_on="distance")
    return similarity_curves(curves, None, None, demand="τ / Q")


def _learned() -> go.Figure:
    """What the bundled model was asked for and what it learned, as the page opens."""
    manifest = check_folder(BUNDLED_MODEL)
    metric, control = (learned(manifest, space) for space in ("sadal", "warm_start"))
    if metric and control:
        control = control.scaled(metric.overall() / control.overall())
    settings = QSettings.of(manifest)
    curves = q_curves(
        settings.variant, L=settings.L, eps=settings.eps, C=settings.C, tau=settings.tau,
        q_on=settings.q_on,
    )  # fmt: skip
    demand = {"margin": "τ Q", "distance": "τ / Q"}[settings.q_on]
    return similarity_curves(curves, metric, control, demand=demand)


def _segment() -> go.Figure:
    """Where the bundled generator puts its negatives."""
    rows = _gallery().negatives
    return segment_plane(along_and_off(rows["copy_ratio"], rows["midpoint_residual"]), {})


def _hardness() -> go.Figure:
    """How far the same negatives are, beside the real ones."""
    rows = _gallery().negatives
    gaps = np.abs(rows["anchor_age"] - rows["source_age"])
    return distances_by_age_gap(
        gaps, rows["distance_before"], rows["distance_after"], rows["demanded"]
    )


def _compared() -> go.Figure:
    """SADAL and what it is made of against the control, one person left out."""
    wanted = ("sadal", "midpoint", "quadruplet", "sadal_paper")
    comparison = next(one for one in load_results().comparisons if one.protocol == "lopo")
    rows = [row for name in wanted for row in comparison.rows if row.method == name]
    return differences(
        [row.title for row in rows],
        {"minus cross-entropy": [row.minus_cross_entropy for row in rows]},
        axis="Difference of MAE (years); left of 0 is better",
    )


def _gallery() -> Gallery:
    return load_gallery(BUNDLED_GALLERY)


FIGURES: Final[dict[str, Callable[[], Any]]] = {
    "q-printed": _printed,
    "q-released": _released,
    "q-learned": _learned,
    "negatives-segment": _segment,
    "negatives-hardness": _hardness,
    "compared": _compared,
}
