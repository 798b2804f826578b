"""A gallery as arrays, and its folder: `gallery.npz`, `sheet.webp` and `about.json`.

Reading needs neither torch nor umap, so that a page can show a gallery at once. Letters: N
samples, M generated negatives, F features, D dimensions, K neighbours, E epochs.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped, UInt8
from PIL import Image

from sadal_core.bundled import ASSETS
from sadal_core.errors import DataError
from sadal_core.files import as_json, replacing, sha256
from sadal_core.kept import packed, read_arrays, read_sealed, sealed

BUNDLED_GALLERY: Final = ASSETS / "gallery"
FORMAT: Final = 1
ARRAYS, SHEET, ABOUT = "gallery.npz", "sheet.webp", "about.json"
SPACES: Final = ("after", "before")
MAPS: Final = (*(f"{s}-{m}" for s in SPACES for m in ("umap", "umap3", "pca")), "after-joint")
_WEBP_QUALITY: Final = 80
_REQUIRED: Final = ("format", "model", "files", "pictures", "maps", "data")


class Sheet(NamedTuple):
    """Equal tiles in rows, left to right and top to bottom.

    Attributes:
        image: RGB.
        columns: tiles in a row.
        tile: side of a tile in px.
    """

    image: UInt8[np.ndarray, "height width 3"]
    columns: int
    tile: int


@dataclass(frozen=True)
class Epochs:
    """The map after every recorded epoch of training, and the distances of that moment.

    Attributes:
        numbers: of the epochs, from 1.
        generating: whether the generator had begun to learn.
        samples: places of the samples.
        negatives: places of the generated negatives.
        before: squared distance from the anchor to the real negative.
        after: the same to the generated negative.
        positive: the same to the positive.
    """

    numbers: Int[np.ndarray, " epochs"]
    generating: Bool[np.ndarray, " epochs"]
    samples: Float[np.ndarray, "epochs samples 2"]
    negatives: Float[np.ndarray, "epochs negatives 2"]
    before: Float[np.ndarray, "epochs negatives"]
    after: Float[np.ndarray, "epochs negatives"]
    positive: Float[np.ndarray, "epochs negatives"]


@dataclass(frozen=True)
class Gallery:
    """Faces in two spaces, "after" SADAL (embeddings) and "before" it (features), and on maps.

    Attributes:
        about: what is known: model, command, data, parameters of the maps, their faithfulness.
        ids: data set and file name of each sample.
        ages: in whole years.
        features: x, what f and G take.
        embeddings: f of x, of unit length.
        neighbours: positions of the K nearest others in the metric, near to far.
        maps: places of the samples, by name such as "after-umap"; the first two axes of a "pca"
            are its plane.
        negatives: columns of `hard_negatives.HardNegatives.table`, one row per generated negative.
        negative_embeddings: f of them.
        negative_neighbours: positions of the samples nearest to each in the metric, near to far.
        negative_maps: places of the generated negatives, with the names of `maps`.
        epochs: None where no training was recorded.
        sheet: the pictures of the samples; None where the gallery has not been stored.
    """

    about: Mapping[str, Any]
    ids: Shaped[np.ndarray, " samples"]
    ages: Int[np.ndarray, " samples"]
    features: Float[np.ndarray, "samples features"]
    embeddings: Float[np.ndarray, "samples dim"]
    neighbours: Int[np.ndarray, "samples neighbours"]
    maps: Mapping[str, np.ndarray]
    negatives: Mapping[str, np.ndarray]
    negative_embeddings: Float[np.ndarray, "negatives dim"]
    negative_neighbours: Int[np.ndarray, "negatives found"]
    negative_maps: Mapping[str, np.ndarray]
    epochs: Epochs | None
    sheet: Path | None = None

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.ages)

    @property
    def generated(self) -> int:
        """Number of generated negatives."""
        return len(self.negative_embeddings)

    def space(self, name: str) -> np.ndarray:
        """Vectors of the samples in "after" or "before"."""
        return self.embeddings if name == "after" else self.features


def save_gallery(gallery: Gallery, sheet: Sheet, folder: Path) -> Gallery:
    """Write `gallery` and its pictures to `folder`; the same, with what was noted of the files."""
    with ExitStack() as stack:  # all three are written before any takes its name
        arrays = stack.enter_context(replacing(folder / ARRAYS))
        arrays.write_bytes(packed(np.savez_compressed, _flat(gallery)))
        picture = stack.enter_context(replacing(folder / SHEET))
        Image.fromarray(sheet.image).save(picture, "WEBP", quality=_WEBP_QUALITY, method=6)
        known = {
            "format": FORMAT,
            **gallery.about,
            "pictures": {
                **gallery.about.get("pictures", {}), "columns": sheet.columns, "tile": sheet.tile,
            },
            "files": {ARRAYS: sha256(arrays), SHEET: sha256(picture)},
        }  # fmt: skip
        about = stack.enter_context(replacing(folder / ABOUT))
        about.write_text(as_json(sealed(known)), "utf-8")
    return load_gallery(folder)


def load_gallery(folder: Path, *, model: str | None = None) -> Gallery:
    """The gallery in `folder`.

    Args:
        folder: as `save_gallery` wrote it.
        model: SHA-256 of the weights that the gallery must be of; None takes any.

    Raises:
        DataError: it is missing, damaged, of another format, or of another model.
    """
    about = _about(folder)
    if model is not None and about["model"] != model:
        raise DataError(
            f"The gallery in {folder} is of another model. Build it again: "
            "python -m sadal_core gallery."
        )
    for name in (ARRAYS, SHEET):
        path = folder / name
        if not path.is_file() or sha256(path) != about["files"][name]:
            raise DataError(f"{path} is missing or damaged. {_REMEDY}")
    try:
        gallery = _nested(about, read_arrays(folder / ARRAYS, _REMEDY), folder / SHEET)
        _check(gallery, folder)
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{folder / ARRAYS} is damaged. {_REMEDY}") from error
    return gallery


_REMEDY: Final = "Check the folder out again, or build the gallery again."


def _about(folder: Path) -> dict[str, Any]:
    path = folder / ABOUT
    try:
        about = read_sealed(path)
    except FileNotFoundError:
        raise DataError(
            f"There is no gallery in {folder}. Build one: python -m sadal_core gallery."
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged. {_REMEDY}") from error
    whole = isinstance(about, dict) and all(name in about for name in _REQUIRED)
    if not whole or about["format"] != FORMAT or not _complete(about):
        raise DataError(f"{path} describes no gallery of format {FORMAT}. {_REMEDY}")
    return about


def _complete(about: dict[str, Any]) -> bool:
    """Whether the entries that are read without a second look are there."""
    wanted = {
        "files": {ARRAYS, SHEET},
        "pictures": {"kind", "k", "columns", "tile"},
        "maps": {"umap", "placed_with", "faithfulness", "agreement"},
    }
    return all(
        isinstance(about[name], dict) and keys <= set(about[name]) for name, keys in wanted.items()
    )


_PLAIN: Final = (
    "ids", "ages", "embeddings", "neighbours", "negative_embeddings", "negative_neighbours",
)  # fmt: skip
_TABLES: Final = ("maps", "negatives", "negative_maps")


def _flat(gallery: Gallery) -> dict[str, np.ndarray]:
    """All arrays by name; features in 16 bits, which is what they were rounded to."""
    flat = {name: getattr(gallery, name) for name in _PLAIN}
    flat["features"] = gallery.features.astype(np.float16)
    for table in _TABLES:
        flat |= {f"{table}/{name}": array for name, array in getattr(gallery, table).items()}
    if gallery.epochs is not None:
        flat |= {f"epochs/{f.name}": getattr(gallery.epochs, f.name) for f in fields(Epochs)}
    return flat


def _nested(about: dict[str, Any], arrays: dict[str, np.ndarray], sheet: Path) -> Gallery:
    def table(prefix: str) -> dict[str, np.ndarray]:
        start = f"{prefix}/"
        return {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}

    epochs = table("epochs")
    parts: dict[str, Any] = {name: arrays[name] for name in _PLAIN}
    parts |= {name: table(name) for name in _TABLES}
    parts["features"] = arrays["features"].astype(np.float32)
    parts["epochs"] = Epochs(**{f.name: epochs[f.name] for f in fields(Epochs)}) if epochs else None
    return Gallery(about, **parts, sheet=sheet)


def _check(gallery: Gallery, folder: Path) -> None:
    """Refuse a gallery whose arrays do not belong together."""
    count, made = len(gallery), gallery.generated
    lengths = [len(a) for a in (gallery.ids, gallery.features, gallery.embeddings)]
    lengths += [len(a) for a in (gallery.neighbours, *gallery.maps.values())]
    others = [len(a) for a in (*gallery.negatives.values(), *gallery.negative_maps.values())]
    others.append(len(gallery.negative_neighbours))
    rows = [gallery.negatives[name] for name in ("anchor", "positive", "source") if made]
    found = (gallery.neighbours, gallery.negative_neighbours)
    inside = all(((ids >= 0) & (ids < count)).all() for ids in (*found, *rows))
    numbers = (gallery.embeddings, gallery.features, *gallery.maps.values())
    numbers += (gallery.negative_embeddings, *gallery.negative_maps.values())
    finite = all(np.isfinite(array).all() for array in numbers)
    named = set(gallery.maps) == set(gallery.negative_maps) == set(MAPS)
    fitting = set(lengths) == {count} and not set(others) - {made} and _epochs_fit(gallery)
    paired = made > 0 and made % 2 == 0
    if not (count and paired and fitting and inside and finite and named):
        raise DataError(f"{folder / ARRAYS} is damaged: its arrays do not fit. {_REMEDY}")


def _epochs_fit(gallery: Gallery) -> bool:
    epochs = gallery.epochs
    if epochs is None:
        return True
    number, made = len(epochs.numbers), gallery.generated
    shapes = [epochs.generating.shape, epochs.samples.shape, epochs.negatives.shape]
    shapes += [column.shape for column in (epochs.before, epochs.after, epochs.positive)]
    wanted = [(number,), (number, len(gallery), 2), (number, made, 2), *3 * [(number, made)]]
    return shapes == wanted
