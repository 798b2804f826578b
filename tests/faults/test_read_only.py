"""Where nothing can be written it is said at once, not after the work."""

import re
import shutil
from pathlib import Path

import pytest

from sadal_core.cli import main
from sadal_core.errors import DataError
from sadal_core.files import check_file, check_folder
from tests.faults.commands import Commands
from tests.faults.disk import Disk
from tests.faults.stages import Stages, files

NOWHERE = "/nowhere/at/all"
COMMANDS = {
    "train": ["train", "--data", NOWHERE],
    "train the metric": ["train", "--stage", "metric", "--data", NOWHERE, "--model", NOWHERE],
    "train a generator": ["train", "--stage", "generator", "--data", NOWHERE, "--model", NOWHERE],
    "evaluate": ["evaluate", "--data", NOWHERE, "--protocol", "lopo", "--model", NOWHERE],
    "ablate": ["ablate", "--data", NOWHERE, "--model", NOWHERE],
    "benchmark": ["benchmark", "--data", NOWHERE, "--protocol", "lopo", "--model", NOWHERE],
    "gallery": ["gallery", "--data", NOWHERE, "--model", NOWHERE],
    "export": ["export", "--gallery", NOWHERE],
    "lab": ["lab", "--gallery", NOWHERE],
    "estimate": ["estimate", NOWHERE, "--model", NOWHERE],
    "embed": ["embed", NOWHERE, "--model", NOWHERE],
}


@pytest.fixture(params=["below a file", "on a read-only disk", "in a system folder"])
def unwritable(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder that nobody can make, not even the superuser."""
    if request.param == "below a file":
        (tmp_path / "file").write_text("content")
        return tmp_path / "file" / "out"
    if request.param == "in a system folder":
        return Path("/proc/self/out")
    disk: Disk = request.getfixturevalue("disk")
    disk.forbid()
    return disk.path / "out"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_looks_at_its_output_before_its_input(
    name: str, unwritable: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Data, model and gallery do not exist either, but they are not even looked for."""
    assert main([*COMMANDS[name], "--out", str(unwritable)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"python -m sadal_core: {unwritable} cannot be written (")
    assert said.endswith("). Choose another folder.\n")
    assert said.count("\n") == 1


def test_a_folder_in_the_place_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*COMMANDS["evaluate"], "--out", str(tmp_path)]) == 2
    assert f"{tmp_path} cannot be written (Is a directory)" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_looking_makes_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in COMMANDS.values():
        assert main([*command, "--out", str(tmp_path / "new" / "out")]) == 2
        assert "cannot be written" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["crops", "the last crops", "features"])
def test_a_cache_that_cannot_be_written_is_named_before_anything_is_computed(
    what: str, commands: Commands, stages: Stages, disk: Disk
) -> None:
    cache = disk.path / "crops"
    if what != "crops":
        shutil.copytree(stages.cache, cache)
        lost = {"features": "features.npz", "the last crops": "crops-112-8/shard-00004.npz"}
        (cache / "lights" / lost[what]).unlink()
    disk.forbid()
    here = stages._replace(cache=cache)
    ended = commands.run(here.gallery(disk.path.parent / "gallery"))
    assert ended.refusal().startswith(f"{cache}/lights")
    assert "cannot be written (Read-only file system). Choose another folder." in ended.refusal()
    begun = {"crops": "faces found", "the last crops": ": crops", "features": r"features: +[1-9]"}
    assert not re.search(begun[what], ended.said)


def test_a_cache_that_is_complete_need_not_be_written(
    commands: Commands, stages: Stages, disk: Disk
) -> None:
    shutil.copytree(stages.cache, disk.path / "crops")
    disk.forbid()
    here = stages._replace(cache=disk.path / "crops")
    commands.done(here.gallery(disk.path.parent / "gallery"))


def test_a_model_that_cannot_be_given_a_second_form(
    commands: Commands, stages: Stages, disk: Disk
) -> None:
    folder = disk.path / "model"
    shutil.copytree(stages.root / "metric" / "model", folder)
    disk.forbid()
    before = {path: path.read_bytes() for path in files(folder)}
    said = commands.run(["onnx", "--model", str(folder)]).refusal()
    assert said.startswith(f"{folder / 'backbone.onnx'} cannot be written (Read-only file system)")
    assert {path: path.read_bytes() for path in files(folder)} == before


@pytest.mark.parametrize("name", ["here", "to/be/made"])
def test_a_folder_is_tried_without_a_trace(tmp_path: Path, name: str) -> None:
    (tmp_path / "here").mkdir()
    check_folder(tmp_path / name)
    check_file(tmp_path / name / "result.json")
    assert list(tmp_path.rglob("*")) == [tmp_path / "here"]


def test_what_could_not_be_written_is_refused_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for check in (check_file, check_folder):
        for place in (tmp_path / "file" / "below", Path("/proc/self/below")):
            with pytest.raises(DataError, match=r"below cannot be written \(.+\)\. Choose another"):
                check(place)
    with pytest.raises(DataError, match="Is a directory"):
        check_file(tmp_path)
    with pytest.raises(DataError, match="Not a directory"):
        check_folder(tmp_path / "file")
    check_file(tmp_path / "file")  # which is replaced
