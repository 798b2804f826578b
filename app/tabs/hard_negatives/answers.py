"""What the Hard negatives view answers: values of its parts, from a gallery and the networks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from app import map_text as text
from app.components.near import NearRow, near_table, tile
from app.components.stage import data_url
from app.components.words import refusal
from app.figures.negatives import distances_by_age_gap, generators_compared, segment_plane
from app.generated import Wanted, along_and_off, compared, drawn_quadruplet, hard_table
from app.services import Services
from sadal_core.errors import SadalError
from sadal_core.gallery.query import near
from sadal_core.gallery.stored import Gallery

if TYPE_CHECKING:  # at run time this would import torch
    from sadal_core.hard_negatives import HardNegatives

_ROWS_SHOWN: Final = 500  # of the table; the files hold all


def generators(services: Services) -> dict[str, str]:
    """Generators that can be asked for, the model's own first, and what they are called."""
    own = services.manifest.get("parts", {}).get("metric", {}).get("generator", "mlp")
    known = {own: text.own_generator(own)}
    return known | {k: text.GENERATORS[k] for k in services.generators if k not in known}


class One(NamedTuple):
    """What is shown of one quadruplet."""

    words: str
    plane: Any


def one(services: Services, gallery: Gallery, wanted: Wanted) -> One:
    """A quadruplet in detail, and where it lies among all stored ones.

    Raises:
        SadalError: there is no such quadruplet or generator.
    """
    made = services.generate(gallery, drawn_quadruplet(gallery, wanted), wanted.generator)
    t, off = along_and_off(made.copy_ratio, made.midpoint_residual)
    names = [text.from_age(int(age)) for age in made.source_age]
    few = {name: (float(a), float(b)) for name, a, b in zip(names, t, off, strict=True)}
    rows = _of(services, gallery, wanted.generator)
    return One(
        _faces(gallery, made) + _numbers(gallery, made, few),
        segment_plane(along_and_off(rows.copy_ratio, rows.midpoint_residual), few),
    )


def _faces(gallery: Gallery, made: "HardNegatives") -> str:
    younger, older = (int(i) for i in made.source)
    shown = {"anchor": int(made.anchor[0]), "positive": int(made.positive[0]),
             "younger": younger, "older": older}  # fmt: skip
    near_made = [int(near(e, gallery.embeddings, 1).samples[0]) for e in made.embeddings]
    pictures = [
        (sample, text.role(name, int(gallery.ages[sample]))) for name, sample in shown.items()
    ] + [
        (sample, text.generated_near(int(age), int(gallery.ages[sample])))
        for sample, age in zip(near_made, made.source_age, strict=True)
    ]
    items = "".join(
        f"<figure>{tile(gallery, sample, side=72, label=label)}<figcaption>{label}</figcaption>"
        "</figure>"
        for sample, label in pictures
    )
    return f'<div class="sadal-faces">{items}</div>'


def _numbers(gallery: Gallery, made: "HardNegatives", few: Mapping[str, Any]) -> str:
    rows = [
        NearRow(
            int(made.source[n]),
            {
                text.OF_NEGATIVE: str(made.source_age[n]),
                "Q": f"{made.q[n]:.2f}",
                "real": text.distance(float(made.distance_before[n])),
                "generated": text.distance(float(made.distance_after[n])),
                "demanded": text.distance(float(made.demanded[n])),
                "D": text.hinge(bool(made.metric_active[n])),
                "G_adv": text.hinge(bool(made.adversary_active[n])),
                "off midpoint": f"{made.midpoint_residual[n]:.2f}",
            },
        )
        for n in range(len(made))
    ]
    return near_table(gallery, text.DETAIL_CAPTION, rows)


class Many(NamedTuple):
    """What is shown of all stored quadruplets with one generator."""

    gaps: Any
    table: pd.DataFrame
    saves: str


def many(services: Services, gallery: Gallery, kind: str) -> Many:
    """Distances by age gap, the table from the hardest on, and its files."""
    columns = _of(services, gallery, kind).table()
    gaps = np.abs(columns["anchor_age"] - columns["source_age"])
    figure = distances_by_age_gap(
        gaps, columns["distance_before"], columns["distance_after"], columns["demanded"]
    )
    table = hard_table(gallery, columns)
    return Many(figure, _shown(table), _links(table, kind))


def comparison(
    services: Services, gallery: Gallery, kinds: Mapping[str, str]
) -> tuple[Any, pd.DataFrame, str]:
    """Box plots and a table of all generators over the stored quadruplets, and what was wrong."""
    made: dict[str, HardNegatives] = {}
    problems = ""
    for kind, label in kinds.items():
        try:
            made[label] = _of(services, gallery, kind)
        except SadalError as error:
            problems += refusal(f"{label}:", str(error))
    distances = {label: rows.distance_after for label, rows in made.items()}
    real = next((r.distance_before for r in made.values()), gallery.negatives["distance_before"])
    figure = generators_compared({text.REAL: real} | distances)
    return figure, compared(made).round(3), problems


def _of(services: Services, gallery: Gallery, kind: str) -> "HardNegatives":
    from sadal_core.quadruplets import Quadruplets  # imports torch

    names = ("anchor", "positive", "source")
    first, second, sources = (gallery.negatives[name] for name in names)
    total = len(first) // 2
    stored = Quadruplets(
        *(np.asarray(c, np.int64) for c in (first[:total], second[:total])),
        *(np.asarray(c, np.int64) for c in (sources[:total], sources[total:])),
    )
    return services.generate(gallery, stored, kind)


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    shown = table.head(_ROWS_SHOWN).copy()
    numbers = shown.select_dtypes("floating").columns
    shown[numbers] = shown[numbers].astype(np.float64).round(3)
    return shown


def _links(table: pd.DataFrame, kind: str) -> str:
    files = {
        "csv": ("text/csv", table.to_csv(index=False).encode()),
        "parquet": ("application/vnd.apache.parquet", table.to_parquet(index=False)),
    }
    links = "".join(
        f'<a class="sadal-save" download="hard-negatives-{kind}.{name}" '
        f'href="{data_url(content, mime)}">{text.HARD_ALL} {text.FILES[name]}</a>'
        for name, (mime, content) in files.items()
    )
    return f'<p class="sadal-saves">{links}</p>'
