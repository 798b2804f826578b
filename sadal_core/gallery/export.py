"""A gallery as files for other tools: Parquet, CSV, and a folder for TensorBoard's projector.

Row n is the same in every file: first the samples, then the generated negatives. Distances are
squared Euclidean, of embeddings. Letters: N samples, T side of a tile in px.
"""

import csv
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from PIL import Image

from sadal_core.errors import DataError
from sadal_core.files import replacing
from sadal_core.gallery.pictures import Sheet, sheet
from sadal_core.gallery.stored import Gallery
from sadal_core.neighbours import nearest

MAPS: Final = {"projection": "after-umap", "before": "before-umap", "pca": "after-pca"}
ROLES: Final = ("anchor", "positive", "source")
IDS: Final = ["id", *(f"{role}_id" for role in ROLES)]
TENSORS, METADATA, SPRITE = "tensors.tsv", "metadata.tsv", "sprite.png"
CONFIG: Final = "projector_config.pbtxt"
TENSOR: Final = "sadal"  # what the projector calls the embeddings
_LARGEST: Final = 8192  # px, side of a sheet that the projector takes
_NULLABLE: Final = {"i": "Int64", "b": "boolean"}  # a sample has none of these
_ELSEWHERE: Final = (*ROLES, "source_age")  # columns that the table holds under another name


def table(gallery: Gallery) -> pd.DataFrame:
    r"""One row per sample, then one per generated negative.

    Columns: `id`; `kind` ("real" or "generated"); `age` in whole years, of a generated one that
    of its source; places on the maps as in `MAPS`, with `_x` and `_y`; for a generated one the
    ids of its quadruplet and the other columns of `hard_negatives.HardNegatives.table`, which a
    sample lacks; and `neighbors`, of everyone the K nearest samples, near to far, in the form of
    embedding-atlas: `ids` are row numbers, `distances`

    .. math:: d(e_n, e_m) = |e_n - e_m|^2
    """
    return _rows(gallery).assign(neighbors=_neighbours(gallery))


def write_parquet(gallery: Gallery, path: Path) -> None:
    """`table` as Parquet, for embedding-atlas, DuckDB or pandas.

    Raises:
        DataError: the folder cannot be written.
    """
    rows = table(gallery)
    with replacing(path) as temporary:
        rows.to_parquet(temporary, engine="pyarrow", index=False)


def write_csv(gallery: Gallery, path: Path) -> None:
    """`table` as CSV without the neighbours, for a spreadsheet; what a sample lacks is empty.

    Raises:
        DataError: the folder cannot be written.
    """
    rows = _rows(gallery)
    with replacing(path) as temporary:
        rows.to_csv(temporary, index=False)


def write_projector(gallery: Gallery, folder: Path) -> None:
    """Embeddings, metadata and pictures for the projector: `tensorboard --logdir folder`.

    A generated negative has no picture of its own and shows that of the nearest sample.

    Raises:
        DataError: the gallery has not been stored, its sheet cannot be read, or the folder
            cannot be written.
    """
    sprite = _sprite(gallery)
    vectors = pd.DataFrame(np.concatenate([gallery.embeddings, gallery.negative_embeddings]))
    metadata = _rows(gallery)
    # The projector splits at every tab and line, quoted or not.
    metadata[IDS] = metadata[IDS].replace(r"\s", " ", regex=True)
    with replacing(folder / TENSORS) as temporary:
        vectors.to_csv(temporary, sep="\t", header=False, index=False)
    with replacing(folder / METADATA) as temporary:
        metadata.to_csv(
            temporary, sep="\t", index=False, float_format="%.7g", quoting=csv.QUOTE_NONE
        )
    with replacing(folder / SPRITE) as temporary:
        Image.fromarray(sprite.image).save(temporary, "PNG", compress_level=1)
    with replacing(folder / CONFIG) as temporary:
        temporary.write_text(_config(sprite.tile), "utf-8")


def _rows(gallery: Gallery) -> pd.DataFrame:
    """`table` without the neighbours."""
    count, made, negatives = len(gallery), gallery.generated, gallery.negatives
    rows = pd.DataFrame(
        {
            "id": [*gallery.ids.tolist(), *(f"generated/{row:06d}" for row in range(made))],
            "kind": ["real"] * count + ["generated"] * made,
            "age": np.concatenate([gallery.ages, gallery.ages[negatives["source"]]]),
        }
    )
    for name, drawn in MAPS.items():
        places = np.concatenate([gallery.maps[drawn], gallery.negative_maps[drawn]])
        rows[f"{name}_x"], rows[f"{name}_y"] = places[:, 0], places[:, 1]
    quadruplets = {f"{role}_id": gallery.ids[negatives[role]].tolist() for role in ROLES}
    columns = {
        name: pd.array(column, _NULLABLE.get(column.dtype.kind, column.dtype))
        for name, column in negatives.items()
        if name not in _ELSEWHERE
    }
    return rows.join(pd.DataFrame(quadruplets | columns, index=range(count, count + made)))


def _neighbours(gallery: Gallery) -> list[dict[str, Any]]:
    """Of every row equally many, which the graph measures of embedding-atlas need.

    In 32 bits, like its own: its page would get 64-bit row numbers as another type.
    """
    samples = gallery.embeddings.astype(np.float64)
    points = np.concatenate([samples, gallery.negative_embeddings])
    wanted = gallery.neighbours.shape[1]
    found = nearest(gallery.embeddings, wanted, gallery.negative_embeddings)
    near = np.concatenate([gallery.neighbours, found]).astype(np.int32)
    squared = [((points - samples[column]) ** 2).sum(axis=1) for column in near.T]
    distances = np.stack(squared, axis=1).astype(np.float32)
    return [{"ids": ids, "distances": d} for ids, d in zip(near, distances, strict=True)]


def _sprite(gallery: Gallery) -> Sheet:
    """The pictures of all rows on one sheet.

    The projector takes the columns from the width and counts the rows by the columns, so that
    the sheet has to be square, with blank tiles at its end.
    """
    tiles = _tiles(gallery)
    shown = tiles[np.concatenate([np.arange(len(gallery)), gallery.negative_neighbours[:, 0]])]
    columns = math.ceil(math.sqrt(len(shown)))
    blank = np.zeros((columns**2 - len(shown), *tiles.shape[1:]), np.uint8)
    side = min(tiles.shape[1], _LARGEST // columns)
    return sheet(np.concatenate([shown, blank]), tile=side)


def _tiles(gallery: Gallery) -> UInt8[np.ndarray, "samples tile tile 3"]:
    """The stored picture of each sample."""
    if gallery.sheet is None:
        raise DataError("The gallery has no pictures before it is stored. Save it first.")
    try:
        with Image.open(gallery.sheet) as file:
            image = np.asarray(file.convert("RGB"))
    except OSError as error:
        raise DataError(
            f"{gallery.sheet} is missing or damaged. Check the folder out again, or build the "
            "gallery again."
        ) from error
    columns, tile = (gallery.about["pictures"][name] for name in ("columns", "tile"))
    grid = image.reshape(-1, tile, columns, tile, 3).swapaxes(1, 2)
    return grid.reshape(-1, tile, tile, 3)[: len(gallery)]


def _config(tile: int) -> str:
    return (
        "embeddings {\n"
        f'  tensor_name: "{TENSOR}"\n'
        f'  tensor_path: "{TENSORS}"\n'
        f'  metadata_path: "{METADATA}"\n'
        f'  sprite {{\n    image_path: "{SPRITE}"\n'
        f"    single_image_dim: {tile}\n    single_image_dim: {tile}\n  }}\n"
        "}\n"
    )
