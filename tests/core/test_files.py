import hashlib
import json
import stat
from pathlib import Path

import numpy as np
import pytest

from sadal_core.errors import DataError
from sadal_core.evaluation.metrics import Interval
from sadal_core.files import jsonable, replacing, sha256, write_json


def test_a_file_appears_under_its_name_only_when_the_block_has_succeeded(tmp_path: Path) -> None:
    path = tmp_path / "new" / "result.txt"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.parent == path.parent
    assert path.read_text() == "whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_after_a_failure_the_old_file_stands_and_nothing_else(
    failure: type[BaseException], tmp_path: Path
) -> None:
    path = tmp_path / "result.txt"
    path.write_text("old")

    def write() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise failure

    with pytest.raises(failure):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_reported_with_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    with (
        pytest.raises(
            DataError, match=r"result\.txt cannot be written \(No space left on device\)"
        ),
        replacing(path),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(DataError, match="cannot be written .*Choose another folder"),
        replacing(tmp_path / "file" / "result.txt"),
    ):
        pytest.fail("the block must not run")


def test_json_is_written_whole_and_refuses_what_json_cannot_say(tmp_path: Path) -> None:
    path = tmp_path / "about.json"
    write_json(path, {"name": "Ä", "values": [1, 2.5, None]})
    assert json.loads(path.read_text("utf-8")) == {"name": "Ä", "values": [1, 2.5, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"mae": float("nan")})
    assert json.loads(path.read_text("utf-8"))["name"] == "Ä"


def test_arrays_tuples_and_unknown_numbers_have_a_form_in_json() -> None:
    made = jsonable(
        {1: np.array([1.0, np.nan]), "interval": Interval(0.5, 2.0), "n": np.int64(3), "x": (1,)}
    )
    assert made == {"1": [1.0, None], "interval": {"low": 0.5, "high": 2.0}, "n": 3, "x": [1]}
    json.dumps(made, allow_nan=False)


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc" * 100_000)
    assert sha256(tmp_path / "x") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_the_hash_of_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none cannot be read \(No such file"):
        sha256(tmp_path / "none")
    with pytest.raises(DataError, match="Check the path"):
        sha256(tmp_path)
