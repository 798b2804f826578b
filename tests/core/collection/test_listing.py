import tracemalloc
import zipfile
from pathlib import Path

import pytest

from sadal_core.batch import Picture, find_pictures
from sadal_core.collection.listing import Entry, pictures_of, read_entries, write_listing
from sadal_core.data.samples import Folder, Source
from sadal_core.errors import DataError


def test_a_folder_is_walked_in_the_order_of_its_sorted_paths(tmp_path: Path) -> None:
    names = ["a.png", "a/b.png", "a/c/d.png", "a-b/x.png", "a.b/x.png", "b.png", "A.png", "ä/x.png"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(Folder(tmp_path).names()) == sorted(names)


def test_a_folder_that_cannot_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as one who may read everything, so the system's refusal is planted."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").touch()
    (tmp_path / "secret").mkdir()
    import os

    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(DataError, match=r"secret cannot be listed \(Permission denied\)"):
        list(find_pictures([tmp_path]))
    (reason,) = find_pictures([tmp_path / "secret"])
    assert reason.source is None
    assert "Make it readable" in reason.name


def test_what_is_listed_can_be_read_again_from_any_shard(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}\n.png").write_bytes(bytes([number]))
    archive = tmp_path / "z.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("in/6.png", b"six")
    found = list(find_pictures([folder, archive, folder / "0\n.png", tmp_path / "gone"]))
    listing = write_listing(found, tmp_path / "list", 3)
    assert listing.pictures == len(found) == 8
    assert len(listing.starts) == 3
    entries = [e for start in listing.starts for e in read_entries(tmp_path / "list", start, 3)]
    again = list(pictures_of(entries, Path.cwd()))
    assert [(p.label, p.name) for p in again] == [(p.label, p.name) for p in found]
    assert [read(p) for p in again] == [read(p) for p in found]
    assert read(again[5]) == b"six"


def read(picture: Picture) -> bytes | None:
    source: Source | None = picture.source
    return None if source is None else source.read(picture.name)


def test_relative_paths_are_meant_from_where_the_command_was_given(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "1.png").write_bytes(b"one")
    entries = [Entry("p/1.png", "p", "1.png"), Entry("p/1.png", "p/1.png", "")]
    assert [read(p) for p in pictures_of(entries, tmp_path)] == [b"one", b"one"]


def test_a_source_that_has_gone_is_a_reason_in_its_rows(tmp_path: Path) -> None:
    (picture,) = pictures_of([Entry("z.zip/1.png", str(tmp_path / "z.zip"), "1.png")], tmp_path)
    assert picture.source is None
    assert "does not exist" in picture.name


def test_another_picture_in_the_list_changes_its_digest(tmp_path: Path) -> None:
    def digest(*names: str) -> str:
        found = [Picture(name, None, "reason") for name in names]
        return write_listing(found, tmp_path / "list", 2).sha256

    assert digest("a", "b") == digest("a", "b")
    assert len({digest("a", "b"), digest("a"), digest("b", "a"), digest("a", "c")}) == 4


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        found = (Picture(f"{number:09d}.png", None, "reason") for number in range(count))
        tracemalloc.start()
        try:
            listing = write_listing(found, tmp_path / "list", 1000)
            for start in listing.starts:
                assert read_entries(tmp_path / "list", start, 1000)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = peak(2_000), peak(12_000)
    assert large < small + 10 * 500  # a byte offset for each further shard, and no pictures
