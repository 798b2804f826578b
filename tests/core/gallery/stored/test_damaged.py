"""Files that are missing, damaged or of something else are refused in words."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from sadal_core.errors import DataError
from sadal_core.files import sha256
from sadal_core.gallery.stored import ABOUT, ARRAYS, SHEET, load_gallery
from tests.stored import about_of, refused, write_about


def test_a_gallery_of_another_model_is_refused(saved: Path) -> None:
    with pytest.raises(DataError, match=r"is of another model\. Build it again"):
        load_gallery(saved, model="another")


@pytest.mark.parametrize("missing", ["the folder", ABOUT, ARRAYS, SHEET])
def test_a_missing_file_is_refused(folder: Path, missing: str) -> None:
    if missing == "the folder":
        shutil.rmtree(folder)
    else:
        (folder / missing).unlink()
    no_gallery = missing in ("the folder", ABOUT)
    refused(folder, "There is no gallery in" if no_gallery else f"{missing} is missing or damaged")


@pytest.mark.parametrize("name", [ARRAYS, SHEET])
@pytest.mark.parametrize("place", [0, 0.37, 0.99, "cut", "empty", "longer"])
def test_damaged_files_are_refused(folder: Path, name: str, place: float | str) -> None:
    data = bytearray((folder / name).read_bytes())
    if place == "cut":
        data = data[: len(data) // 2]
    elif place == "empty":
        data.clear()
    elif place == "longer":
        data += b"more"
    else:
        data[int(float(place) * len(data))] ^= 0x10
    (folder / name).write_bytes(data)
    refused(folder, f"{name} is missing or damaged")


def test_no_flipped_bit_of_the_description_is_a_crash(folder: Path) -> None:
    """Some letters matter to nobody; every other change is refused in words."""
    whole = (folder / ABOUT).read_bytes()
    names = [whole.index(name) for name in (b'"format"', b'"model"', b'"files"', b'"maps"')]
    digest = whole.index(sha256(folder / ARRAYS).encode())
    places = [0, len(whole) - 2, *range(40), digest, digest + 63, *names, *(n + 2 for n in names)]
    refusals = []
    for place in places:
        for bit in (0x01, 0x80):
            data = bytearray(whole)
            data[place] ^= bit
            (folder / ABOUT).write_bytes(data)
            try:
                load_gallery(folder)
            except DataError as error:
                refusals.append(str(error))
    assert len(refusals) > len(places)
    assert all(str(folder) in text for text in refusals)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "damaged"),
        ("{", "damaged"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}", "damaged"),
        ("[]", "describes no gallery of format 1"),
        ("null", "describes no gallery of format 1"),
        ("{}", "describes no gallery of format 1"),
    ],
)
def test_a_description_of_something_else_is_refused(folder: Path, text: str, words: str) -> None:
    (folder / ABOUT).write_bytes(text.encode("latin-1"))
    refused(folder, words)


@pytest.mark.parametrize("entry", ["format", "model", "files", "pictures", "maps", "data"])
def test_an_entry_that_is_not_there_is_refused(folder: Path, entry: str) -> None:
    about = about_of(folder)
    del about[entry]
    write_about(folder, about)
    refused(folder, "describes no gallery of format 1")


def test_a_later_format_is_refused(folder: Path) -> None:
    about = about_of(folder)
    write_about(folder, {**about, "format": 2})
    refused(folder, "describes no gallery of format 1")


@pytest.mark.parametrize(
    ("entry", "value"),
    [("files", None), ("files", []), ("files", {}), ("pictures", {}), ("maps", {"umap": {}})],
)
def test_a_description_with_holes_is_refused(folder: Path, entry: str, value: Any) -> None:
    about = about_of(folder)
    write_about(folder, about | {entry: value})
    refused(folder, "describes no gallery")
