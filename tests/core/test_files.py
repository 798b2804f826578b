import errno
import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sadal_core.errors import DataError, WeightsError
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


FULL = "The disk is full: make room and try again."


@pytest.mark.parametrize(
    ("error", "reason", "remedy"),
    [
        (OSError(errno.ENOSPC, "anything"), "No space left on device", FULL),
        (OSError(errno.EDQUOT, "anything"), "Disk quota exceeded", FULL),
        (OSError(errno.EROFS, ""), "Read-only file system", "Choose another folder."),
        (OSError("words alone"), "words alone", "Choose another folder."),
        # What safetensors raises, which is no OSError.
        (ValueError("I/O error: words (os error 28)"), "No space left on device", FULL),
    ],
)
def test_a_failure_of_the_disk_is_said_with_the_file_and_the_remedy(
    tmp_path: Path, error: Exception, reason: str, remedy: str
) -> None:
    path = tmp_path / "result.txt"
    with pytest.raises(DataError) as caught, replacing(path):
        raise error
    assert str(caught.value) == f"{path} cannot be written ({reason}). {remedy}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError("no JSON"), WeightsError("of another model")])
def test_any_other_failure_stays_what_it_is(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as caught, replacing(tmp_path / "result.txt"):
        raise error
    assert caught.value is error


def test_the_bytes_are_on_the_disk_before_the_name_stands_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the machine could stop between the two, and the name be left with nothing."""
    done: list[str] = []
    real = os.fsync

    def sync(handle: int) -> None:
        assert os.pread(handle, 9, 0) == b"new"
        assert (tmp_path / "result.txt").read_text() == "old"
        done.append("synced")
        real(handle)

    (tmp_path / "result.txt").write_text("old")
    monkeypatch.setattr(os, "fsync", sync)
    with replacing(tmp_path / "result.txt") as temporary:
        temporary.write_text("new")
    assert done == ["synced"]
    assert (tmp_path / "result.txt").read_text() == "new"


_WRITER = """
import sys
from pathlib import Path
from sadal_core.files import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print(temporary, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_writer_left_is_removed_by_the_next_and_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    others = [tmp_path / name for name in (".result.txt", ".result.txt.old", "result.txt.part",
                                           ".another.txt.abcdefgh.part")]  # fmt: skip
    for other in others:
        other.write_text("mine")
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with writer:
        assert writer.stdout is not None
        left = Path(writer.stdout.readline().strip())
        path.write_text("old")
        with replacing(path) as temporary:  # beside a writer who is at work
            temporary.write_text("whole")
        assert left.read_text() == "half"
        writer.kill()
    assert left.exists()
    with replacing(path) as temporary:
        assert not left.exists()
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])


def test_writers_of_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    with replacing(path) as first:
        first.write_text("first")
        with replacing(path) as second:
            second.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


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
