"""Commands on a disk that is full: one sentence, nothing by halves, and on they go with room."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.commands import Commands
from tests.faults.disk import FULL, SIZE, Disk
from tests.faults.stages import Stages, assert_same, assert_whole, files, leftovers

KIB = 1024
ROOMS = [KIB * room for room in (0, 8, 24, 64, 700, KIB * SIZE)]
SMALL_FILES = (60, 900, 2500, 7000, 16_000, 30_000, 300_000, 3_000_000)
BIG = "File too large"


def sentence(said: str, reason: str, *places: Path) -> str:
    """Name of the file that the refusal is about."""
    remedy = {FULL: "The disk is full: make room and try again.", BIG: "Choose another folder."}
    match = re.fullmatch(r"(\S+) cannot be written \((.+)\)\. (.+)", said)
    assert match, said
    assert match[1].startswith(tuple(str(place) for place in places))
    assert (match[2], match[3]) == (reason, remedy[reason])
    return Path(match[1]).name


class Starved:
    """Runs a command with more and more room until it succeeds."""

    def __init__(self, commands: Commands, disk: Disk | None) -> None:
        self._commands, self._disk = commands, disk

    def until_done(self, arguments: list[str], *places: Path) -> Iterator[str]:
        """Names of the files that could not be written, one per refusal."""
        for most in SMALL_FILES if self._disk is None else ROOMS:
            if self._disk is not None:
                self._disk.leave(most)
            ended = self._commands.run(arguments, largest=None if self._disk else most)
            assert leftovers(*places) == []
            assert_whole(*places)
            if ended.status == 0:
                return
            yield sentence(ended.refusal(), FULL if self._disk else BIG, *places)
        raise AssertionError(f"{arguments} never succeeds")


@pytest.fixture(params=["a full disk", "small files"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where there is no room."""
    if request.param == "a full disk":
        return request.getfixturevalue("disk").path
    return tmp_path / "place"


@pytest.fixture
def starved(place: Path, commands: Commands) -> Starved:
    return Starved(commands, Disk(place) if place.name == "disk" else None)


def test_crops_and_features(starved: Starved, place: Path, stages: Stages) -> None:
    cache = place / "crops"
    here = stages._replace(cache=cache)
    names = list(starved.until_done(here.prepare(), cache))
    assert {"about.json", "shard-00000.npz"} <= set(names)
    names = list(starved.until_done(here.gallery(place / "gallery"), cache, place / "gallery"))
    assert names[0] == "features.npz"
    assert_same(cache, stages.cache)


@pytest.mark.parametrize("stage", ["age", "metric"])
def test_a_training(starved: Starved, place: Path, stages: Stages, stage: str) -> None:
    out = place / stage
    command: Callable[[Path], list[str]] = getattr(stages, stage)
    names = list(starved.until_done(command(out), out))
    assert {"config.json", "state.pt"} <= set(names)
    assert_same(out, stages.root / stage)


def test_a_gallery_and_the_one_before(
    starved: Starved, place: Path, stages: Stages, commands: Commands
) -> None:
    out = place / "gallery"
    commands.done(stages.gallery(out, "n_neighbors=5"))
    before = {path: path.read_bytes() for path in files(out)}
    names = []
    for name in starved.until_done(stages.gallery(out), out):
        assert {path: path.read_bytes() for path in files(out)} == before
        names.append(name)
    assert {"gallery.npz", "sheet.webp"} <= set(names)
    assert_same(out, stages.root / "gallery")


def test_a_result_file_and_the_one_before(
    starved: Starved, place: Path, stages: Stages, commands: Commands
) -> None:
    out = place / "results" / "holdout.json"
    commands.done(stages.evaluate(out, "--control"))
    before = out.read_bytes()
    for name in starved.until_done(stages.evaluate(out), out.parent):
        assert name == "holdout.json"
        assert out.read_bytes() == before
    assert out.read_bytes() != before
