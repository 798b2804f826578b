import json
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pytest

from sadal_core.errors import DataError
from sadal_core.files import write_json
from sadal_core.kept import (
    SEAL,
    check_zip,
    kept_array,
    kept_arrays,
    kept_result,
    read_arrays,
    read_sealed,
    sealed,
    write_arrays,
)


class Counter:
    """Makes something, and says how often."""

    def __init__(self, made: object) -> None:
        self.made, self.calls = made, 0

    def __call__(self) -> object:
        self.calls += 1
        return self.made


@pytest.mark.parametrize("damage", [None, "", "{", "[1]", '{"key": {"a": 2}, "result": 9}', "{}"])
def test_a_result_is_made_once_and_again_where_the_file_is_not_its_own(
    tmp_path: Path, damage: str | None
) -> None:
    path, make = tmp_path / "deep" / "one.json", Counter({"mae": 4.5})
    assert kept_result(path, {"a": 1}, make) == {"mae": 4.5}
    if damage is not None:
        path.write_text(damage)
    assert kept_result(path, {"a": 1}, make) == {"mae": 4.5}
    assert make.calls == (1 if damage is None else 2)
    assert json.loads(path.read_text())["key"] == {"a": 1}


@pytest.mark.parametrize("damage", [None, b"", b"PK\x03\x04 cut short"])
def test_an_array_is_made_once_and_again_where_the_file_is_not_its_own(
    tmp_path: Path, damage: bytes | None
) -> None:
    path, made = tmp_path / "one.npz", np.arange(6.0).reshape(2, 3)
    make = Counter(made)
    np.testing.assert_array_equal(kept_array(path, "faces", make), made)  # type: ignore[arg-type]
    if damage is not None:
        path.write_bytes(damage)
    np.testing.assert_array_equal(kept_array(path, "faces", make), made)  # type: ignore[arg-type]
    assert make.calls == (1 if damage is None else 2)
    kept_array(path, "other faces", make)  # type: ignore[arg-type]
    assert make.calls == (2 if damage is None else 3)


def test_arrays_by_name_are_kept_together(tmp_path: Path) -> None:
    path, made = tmp_path / "one.npz", {"a": np.arange(3), "b": np.eye(2)}
    make = Counter(made)
    for _ in range(2):
        read = kept_arrays(path, "faces", make)  # type: ignore[arg-type]
        assert set(read) == set(made)
        for name, array in made.items():
            np.testing.assert_array_equal(read[name], array)
    assert make.calls == 1


def test_without_a_path_nothing_is_kept(tmp_path: Path) -> None:
    make = Counter(np.zeros(2))
    kept_array(None, "faces", make)  # type: ignore[arg-type]
    kept_array(None, "faces", make)  # type: ignore[arg-type]
    assert make.calls == 2


def test_nothing_is_computed_that_could_not_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    make = Counter(np.zeros(2))
    with pytest.raises(DataError, match="cannot be written"):
        kept_result(tmp_path / "file" / "one.json", {}, make)
    with pytest.raises(DataError, match="cannot be written"):
        kept_array(tmp_path / "file" / "one.npz", "faces", make)  # type: ignore[arg-type]
    assert make.calls == 0


ARRAYS = {"ids": np.array(["a", "bc"]), "none": np.zeros((0, 3)), "x": np.eye(70, dtype=np.float16)}


def test_arrays_come_back_as_they_were_and_open_in_numpy(tmp_path: Path) -> None:
    write_arrays(tmp_path / "a.npz", **ARRAYS)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as theirs:
        for read in (read_arrays(tmp_path / "a.npz", ""), theirs):
            assert set(read) == set(ARRAYS)
            for name, array in ARRAYS.items():
                assert read[name].dtype == array.dtype
                np.testing.assert_array_equal(read[name], array)


def test_an_array_that_its_header_cuts_short_is_damaged(tmp_path: Path) -> None:
    """Numpy itself reads the first sixty rows and is content."""
    path = tmp_path / "a.npz"
    write_arrays(path, **ARRAYS)
    check_zip(path)
    path.write_bytes(path.read_bytes().replace(b"(70, 70)", b"(60, 70)"))
    with np.load(path, allow_pickle=False) as file:
        assert len(file["x"]) == 60
    with pytest.raises(DataError) as caught:
        read_arrays(path, "Make it again.")
    assert str(caught.value) == f"{path} is damaged. Make it again."
    with pytest.raises(BadZipFile, match=r"x\.npy in .*a\.npz is damaged"):
        check_zip(path)


DESCRIPTION = {"mae": 4.25, "names": ("b", "a"), "deep": {"z": None, "a": {2: "\u00e4", 10: True}}}


def test_a_seal_sees_every_change_but_not_the_layout(tmp_path: Path) -> None:
    path = tmp_path / "about.json"
    write_json(path, sealed(DESCRIPTION))
    plain = json.loads(json.dumps(DESCRIPTION))
    assert read_sealed(path) == plain
    stored = json.loads(path.read_text())
    assert set(stored) == {*DESCRIPTION, SEAL}
    path.write_text(json.dumps(dict(reversed(stored.items()))))  # written anew in another way
    assert read_sealed(path) == plain
    assert sealed(stored) == stored  # sealing twice is sealing once
    for change in ({"mae": 4.26}, {"names": ["a", "b"]}, {"more": 1}, {"deep": {}}, {SEAL: ""}):
        write_json(path, stored | change)
        with pytest.raises(ValueError, match="changed since it was written"):
            read_sealed(path)
    write_json(path, sealed(stored | {"mae": 5}))
    assert read_sealed(path)["mae"] == 5


@pytest.mark.parametrize("content", [{"mae": 4.5}, [1, 2], None, "text"])
def test_what_was_never_sealed_is_taken_as_it_is(tmp_path: Path, content: object) -> None:
    write_json(tmp_path / "about.json", content)
    assert read_sealed(tmp_path / "about.json") == content
