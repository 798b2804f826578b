import json
from pathlib import Path

import numpy as np
import pytest

from sadal_core.kept import kept_array, kept_result


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


def test_without_a_path_nothing_is_kept(tmp_path: Path) -> None:
    make = Counter(np.zeros(2))
    kept_array(None, "faces", make)  # type: ignore[arg-type]
    kept_array(None, "faces", make)  # type: ignore[arg-type]
    assert make.calls == 2
