"""Arrays that were changed on purpose, with a digest that is right."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pytest

from sadal_core.files import sha256
from sadal_core.gallery.stored import ARRAYS, load_gallery
from tests.stored import about_of, refused, write_about

Arrays = dict[str, np.ndarray]


@pytest.fixture
def unchecked() -> Iterator[None]:
    """As outside of tests, where nothing checks annotated shapes."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def forge(folder: Path, change: Callable[[Arrays], Any]) -> None:
    """Change the arrays and note the file as it then is, as somebody would who means harm."""
    with np.load(folder / ARRAYS) as file:
        arrays = {name: file[name] for name in file.files}
    change(arrays)
    np.savez_compressed(folder / ARRAYS, **arrays)
    noted(folder)


def noted(folder: Path) -> None:
    about = about_of(folder)
    about["files"][ARRAYS] = sha256(folder / ARRAYS)
    write_about(folder, about)


def test_a_forged_gallery_that_fits_is_taken(folder: Path) -> None:
    forge(folder, lambda arrays: arrays["ages"].fill(30))
    assert set(load_gallery(folder).ages) == {30}


def put(name: str, place: Any, value: Any) -> Callable[[Arrays], Any]:
    def change(arrays: Arrays) -> None:
        arrays[name][place] = value

    return change


def cut(name: str) -> Callable[[Arrays], Any]:
    def change(arrays: Arrays) -> None:
        arrays[name] = arrays[name][:-1]

    return change


def drop(name: str) -> Callable[[Arrays], Any]:
    return lambda arrays: arrays.pop(name)


FORGERIES = {
    "a neighbour beyond the samples": put("neighbours", (3, 2), 70),
    "a neighbour before the samples": put("neighbours", (3, 2), -1),
    "an anchor beyond the samples": put("negatives/anchor", 0, 70),
    "a positive beyond the samples": put("negatives/positive", 5, 1000),
    "a source before the samples": put("negatives/source", 5, -1),
    "an embedding that is no number": put("embeddings", (0, 0), np.nan),
    "a feature without end": put("features", (69, 3), np.inf),
    "a place that is no number": put("maps/after-umap", (1, 1), np.nan),
    "an id too few": cut("ids"),
    "an age too few": cut("ages"),
    "a feature too few": cut("features"),
    "an embedding too few": cut("embeddings"),
    "a place too few": cut("maps/before-umap3"),
    "a generated embedding too few": cut("negative_embeddings"),
    "a placed negative too few": cut("negative_maps/after-pca"),
    "a row of a column too few": cut("negatives/q"),
    "a neighbour list too few": cut("neighbours"),
    "a negative without neighbours": cut("negative_neighbours"),
    "a negative near nobody": put("negative_neighbours", (0, 0), 70),
    "a generated embedding that is no number": put("negative_embeddings", (0, 0), np.nan),
    "a negative placed nowhere": put("negative_maps/after-pca", (0, 0), np.inf),
    "words for numbers": lambda arrays: arrays.update(features=arrays["ids"]),
    "words for places": lambda arrays: arrays.update({"maps/after-pca": arrays["ids"]}),
    "a single age": lambda arrays: arrays.update(ages=np.array(30)),
    "no anchors": drop("negatives/anchor"),
    "no embeddings": drop("embeddings"),
    "no features": drop("features"),
    "no ages": drop("ages"),
    "no ids": drop("ids"),
    "an epoch without distances": drop("epochs/before"),
    "pickled ids": lambda arrays: arrays.update(ids=arrays["ids"].astype(object)),
}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("forgery", FORGERIES)
def test_arrays_that_do_not_belong_together_are_refused(folder: Path, forgery: str) -> None:
    forge(folder, FORGERIES[forgery])
    refused(folder, "is damaged")


def test_an_archive_of_something_else_is_refused(folder: Path) -> None:
    (folder / ARRAYS).write_bytes(b"PK\x03\x04 and nothing more")
    noted(folder)
    refused(folder, "is damaged")
