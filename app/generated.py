"""One quadruplet and many: what generators make of them, as tables; no Gradio, no figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sadal_core.errors import DataError
from sadal_core.gallery.query import hardness
from sadal_core.gallery.stored import Gallery

if TYPE_CHECKING:  # at run time these would import torch
    from sadal_core.hard_negatives import HardNegatives
    from sadal_core.quadruplets import Quadruplets


@dataclass(frozen=True)
class Wanted:
    """A quadruplet as a visitor describes it.

    Attributes:
        age: of anchor and positive, in whole years.
        younger: age of the younger negative.
        older: age of the older negative.
        draw: which of the possible quadruplets, from 0.
        generator: that makes the negatives.
    """

    age: int
    younger: int
    older: int
    draw: int = 0
    generator: str = "mlp"


def ages_with(gallery: Gallery, least: int = 1) -> list[int]:
    """Ages of which the gallery has at least so many samples, rising."""
    ages, counts = np.unique(gallery.ages, return_counts=True)
    return ages[counts >= least].tolist()


def drawn_quadruplet(gallery: Gallery, wanted: Wanted) -> "Quadruplets":
    """One quadruplet of the ages that are wanted; the same for the same draw.

    Raises:
        DataError: the gallery has nobody of an age, or the ages are not in order.
    """
    from sadal_core.quadruplets import Quadruplets  # imports torch

    if None in (wanted.age, wanted.younger, wanted.older):
        raise DataError("Choose an age for the anchor and for both negatives.")
    if not wanted.younger < wanted.age < wanted.older:
        raise DataError(
            f"The younger negative must be younger than the anchor and the older one older, got "
            f"{wanted.younger}, {wanted.age} and {wanted.older} years."
        )
    rng = np.random.default_rng(wanted.draw)
    pair = _some(gallery, wanted.age, 2, rng)
    ends = [_some(gallery, age, 1, rng) for age in (wanted.younger, wanted.older)]
    return Quadruplets(pair[:1], pair[1:], *ends)


def _some(gallery: Gallery, age: int, count: int, rng: np.random.Generator) -> np.ndarray:
    found = np.flatnonzero(gallery.ages == age)
    if len(found) < count:
        raise DataError(
            f"The gallery has {len(found)} samples of {age} years, and a quadruplet needs {count}. "
            "Choose another age."
        )
    return rng.permutation(found)[:count]


def along_and_off(copy_ratio: np.ndarray, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Where generated negatives lie seen from the segment that leads from anchor to source.

    With r and m as in `collapse.copy_ratio` and `collapse.midpoint_residual`, both in lengths of
    the segment,

    .. math:: t = r^2 - m^2 + 1/4, \qquad o = \sqrt{r^2 - t^2}

    Returns:
        t, 0 at the anchor, 1 at the source, 1/2 at the midpoint; and o, the distance off the line
        through both.
    """
    t = copy_ratio**2 - residual**2 + 0.25
    return t, np.sqrt(np.maximum(copy_ratio**2 - t**2, 0))


def hard_table(gallery: Gallery, negatives: "Mapping[str, np.ndarray]") -> pd.DataFrame:
    """One row per generated negative, the hardest first; distances are squared, in the metric.

    Args:
        gallery: whose samples they were made of.
        negatives: columns of `HardNegatives.table`.
    """
    columns = dict(negatives)
    t, off = along_and_off(columns["copy_ratio"], columns["midpoint_residual"])
    table = pd.DataFrame(
        {
            "row": np.arange(len(t)),
            "anchor_age": columns["anchor_age"],
            "negative_age": columns["source_age"],
            "age_gap": np.abs(columns["anchor_age"] - columns["source_age"]),
            "Q": columns["q"],
            "real": columns["distance_before"],
            "generated": columns["distance_after"],
            "demanded": columns["demanded"],
            "hardness": hardness(columns),
            "along": t,
            "off": off,
            "D_acts": columns["metric_active"],
            "G_adv_acts": columns["adversary_active"],
            "anchor": gallery.ids[columns["anchor"]],
            "negative": gallery.ids[columns["source"]],
        }
    )
    return table.sort_values("hardness", ascending=False, kind="stable", ignore_index=True)


def compared(made: "Mapping[str, HardNegatives]") -> pd.DataFrame:
    """One row per generator over the same quadruplets: medians, and shares in percent."""
    return pd.DataFrame([{"generator": name, **_summary(rows)} for name, rows in made.items()])


def _summary(rows: "HardNegatives") -> dict[str, Any]:
    t, off = along_and_off(rows.copy_ratio, rows.midpoint_residual)
    return {
        "distance": float(np.median(rows.distance_after)),
        "nearer": 100 * float(np.mean(rows.distance_after < rows.distance_before)),
        "D acts": 100 * float(np.mean(rows.metric_active)),
        "G_adv acts": 100 * float(np.mean(rows.adversary_active)),
        "along": float(np.nanmedian(t)),
        "off": float(np.nanmedian(off)),
    }
