import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pytest
from PIL import Image

from sadal_core.errors import DataError
from sadal_core.files import sha256
from sadal_core.gallery import stored
from sadal_core.gallery.stored import (
    ABOUT,
    ARRAYS,
    SHEET,
    Gallery,
    Sheet,
    load_gallery,
    save_gallery,
)
from tests.planted_metric import quick_gallery

TILE, COLUMNS = 16, 9


def planted_sheet() -> Sheet:
    """Tiles of one colour each, which WebP keeps."""
    image = np.zeros((8 * TILE, COLUMNS * TILE, 3), np.uint8)
    for place in range(70):
        row, column = divmod(place, COLUMNS)
        rows, columns = (slice(TILE * at, TILE * at + TILE) for at in (row, column))
        image[rows, columns] = 3 * place
    return Sheet(image, COLUMNS, TILE)


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    made = quick_gallery()
    return replace(made, about={**made.about, "pictures": {"kind": "own", "k": 1}})


@pytest.fixture(scope="module")
def saved(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("galleries") / "planted"
    save_gallery(gallery, planted_sheet(), folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    return Path(shutil.copytree(saved, tmp_path / "gallery"))


@pytest.fixture
def unchecked() -> Iterator[None]:
    """As outside of tests, where nothing checks annotated shapes."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def assert_same(one: Any, other: Any) -> None:
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for name, value in one.items():
            assert_same(value, other[name])
    else:
        assert one == other


def test_what_was_saved_is_loaded_again(gallery: Gallery, saved: Path) -> None:
    loaded = load_gallery(saved, model="of the planted metric")
    assert loaded.epochs is not None
    assert gallery.epochs is not None
    for field in fields(Gallery):
        if field.name not in ("about", "epochs", "sheet"):
            assert_same(getattr(gallery, field.name), getattr(loaded, field.name))
    for field in fields(gallery.epochs):
        assert_same(getattr(gallery.epochs, field.name), getattr(loaded.epochs, field.name))
    assert (len(loaded), loaded.generated) == (70, gallery.generated)
    known = {k: loaded.about[k] for k in gallery.about if k != "pictures"}
    assert_same({k: v for k, v in gallery.about.items() if k != "pictures"}, known)
    assert loaded.about["pictures"] == {"kind": "own", "k": 1, "columns": COLUMNS, "tile": TILE}
    np.testing.assert_array_equal(loaded.space("after"), gallery.embeddings)
    np.testing.assert_array_equal(loaded.space("before"), gallery.features)


def test_features_are_kept_in_16_bits(gallery: Gallery, tmp_path: Path) -> None:
    fine = gallery.features * np.float32(1.0001)
    made = save_gallery(replace(gallery, features=fine), planted_sheet(), tmp_path)
    assert made.features.dtype == np.float32
    assert not np.array_equal(made.features, fine)
    np.testing.assert_allclose(made.features, fine, rtol=2**-11, atol=1e-7)
    with np.load(tmp_path / ARRAYS) as file:
        assert file["features"].dtype == np.float16


def test_the_sheet_keeps_every_tile_where_it_was(saved: Path) -> None:
    sheet = load_gallery(saved).sheet
    assert sheet is not None
    assert sheet == saved / SHEET
    shown = np.asarray(Image.open(sheet).convert("RGB")).astype(int)
    expected = planted_sheet().image
    assert shown.shape == expected.shape
    inner = np.s_[TILE // 2 :: TILE, TILE // 2 :: TILE]
    assert np.abs(shown[inner] - expected[inner]).max() <= 4


def test_a_gallery_without_epochs_has_none_again(gallery: Gallery, tmp_path: Path) -> None:
    made = save_gallery(replace(gallery, epochs=None), planted_sheet(), tmp_path)
    assert made.epochs is None


def test_words_about_the_pictures_are_kept(gallery: Gallery, tmp_path: Path) -> None:
    about = {**gallery.about, "pictures": {"kind": "k-same", "k": 30}}
    made = save_gallery(replace(gallery, about=about), planted_sheet(), tmp_path)
    expected = {"kind": "k-same", "k": 30, "columns": COLUMNS, "tile": TILE}
    assert made.about["pictures"] == expected


def test_a_gallery_of_another_model_is_refused(saved: Path) -> None:
    with pytest.raises(DataError, match=r"is of another model\. Build it again"):
        load_gallery(saved, model="another")


def refused(folder: Path, words: str = "damaged") -> None:
    """The error is one sentence about a file, and one that says what to do."""
    with pytest.raises(DataError, match=words) as caught:
        load_gallery(folder)
    text = str(caught.value)
    assert str(folder) in text
    assert "\n" not in text
    assert "again" in text or "Build one" in text


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
    about = json.loads((folder / ABOUT).read_text())
    del about[entry]
    (folder / ABOUT).write_text(json.dumps(about))
    refused(folder, "describes no gallery of format 1")


def test_a_later_format_is_refused(folder: Path) -> None:
    about = json.loads((folder / ABOUT).read_text())
    (folder / ABOUT).write_text(json.dumps({**about, "format": 2}))
    refused(folder, "describes no gallery of format 1")


Arrays = dict[str, np.ndarray]


def forge(folder: Path, change: Callable[[Arrays], Any]) -> None:
    """Change the arrays and note the file as it then is, as somebody would who means harm."""
    with np.load(folder / ARRAYS) as file:
        arrays = {name: file[name] for name in file.files}
    change(arrays)
    np.savez_compressed(folder / ARRAYS, **arrays)
    noted(folder)


def noted(folder: Path) -> None:
    about = json.loads((folder / ABOUT).read_text())
    about["files"][ARRAYS] = sha256(folder / ARRAYS)
    (folder / ABOUT).write_text(json.dumps(about))


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


def test_loading_needs_neither_torch_nor_umap(saved: Path) -> None:
    """In a process of its own, as a page that shows a gallery at once."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sadal_core.gallery.stored import load_gallery\n"
        f"print(len(load_gallery(Path({str(saved)!r}))))\n"
        "print(*{'torch', 'umap', 'sklearn', 'numba'} & set(sys.modules))"
    )
    root = Path(stored.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["70", ""]


class FullDiskError(OSError):
    pass


@pytest.mark.parametrize("failing", ["arrays", "sheet"])
def test_nothing_half_written_is_left_when_writing_fails(
    gallery: Gallery, folder: Path, tmp_path: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(target: Any, *arguments: Any, **options: Any) -> None:
        if failing == "arrays":
            target.write(b"PK")
        raise FullDiskError(28, "No space left on device")

    owner, name = (np, "savez_compressed") if failing == "arrays" else (Image.Image, "save")
    monkeypatch.setattr(owner, name, fail if failing == "arrays" else lambda *a, **o: fail(a[1]))
    for place in (tmp_path / "new", folder):
        with pytest.raises(DataError, match="cannot be written"):
            save_gallery(gallery, Sheet(planted_sheet().image[:TILE], COLUMNS, TILE), place)
        assert not [path for path in place.iterdir() if path.name not in (SHEET, ARRAYS, ABOUT)]
    monkeypatch.undo()
    refused(tmp_path / "new", "There is no gallery in")
    assert len(load_gallery(folder)) == 70  # the old one stands


@pytest.mark.parametrize(
    ("entry", "value"),
    [("files", None), ("files", []), ("files", {}), ("pictures", {}), ("maps", {"umap": {}})],
)
def test_a_description_with_holes_is_refused(folder: Path, entry: str, value: Any) -> None:
    about = json.loads((folder / ABOUT).read_text())
    (folder / ABOUT).write_text(json.dumps(about | {entry: value}))
    refused(folder, "describes no gallery")


def test_a_gallery_without_generated_negatives_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    none = {name: array[:0] for name, array in gallery.negatives.items()}
    bare = replace(
        gallery,
        negatives=none,
        negative_embeddings=gallery.negative_embeddings[:0],
        negative_neighbours=gallery.negative_neighbours[:0],
        negative_maps={name: array[:0] for name, array in gallery.negative_maps.items()},
        epochs=None,
    )
    with pytest.raises(DataError, match="do not fit"):
        save_gallery(bare, planted_sheet(), tmp_path)
