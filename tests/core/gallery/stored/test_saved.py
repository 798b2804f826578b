"""What is stored is what is loaded, and nothing is stored by halves."""

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sadal_core.errors import DataError
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
from tests.stored import COLUMNS, TILE, planted_sheet, refused


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
