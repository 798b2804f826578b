"""A command that is killed at any change it makes to the disk goes on to what it would have made.

The system call before which SIGKILL comes is counted, so that every moment is met: before and
after each name is taken, and while the bytes are written.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from sadal_core.errors import DataError
from sadal_core.gallery.stored import load_gallery
from tests.faults.commands import KILLED, Commands
from tests.faults.stages import Stages, assert_same, assert_whole, leftovers

FEWEST_MOMENTS = 8  # changes that the shortest of the commands makes


def killed_at_every_change(
    commands: Commands, arguments: list[str], *below: Path, each: Callable[[], object]
) -> int:
    """Kill a command that goes on from before, each time one change later; how often."""
    moment = 0
    while True:
        moment += 1
        ended = commands.run(arguments, dies_at=moment, below=below)
        assert ended.status in (0, KILLED), ended.said
        assert_whole(*below)
        each()
        if ended.status == 0:
            return moment - 1


def one_leftover_at_most(*below: Path) -> Callable[[], None]:
    """The next writer of a file has removed what the one before has left."""

    def check() -> None:
        left = [path.name.rsplit(".", 2)[0] for path in leftovers(*below)]
        assert len(left) == len(set(left)), left

    return check


def test_the_age_stage(commands: Commands, stages: Stages, tmp_path: Path) -> None:
    out = tmp_path / "age"
    check = one_leftover_at_most(out)
    killed = killed_at_every_change(commands, stages.age(out), out, each=check)
    assert killed > FEWEST_MOMENTS
    assert_same(out, stages.root / "age")


def test_the_metric_stage_with_its_features(
    commands: Commands, stages: Stages, tmp_path: Path
) -> None:
    cache = Path(shutil.copytree(stages.cache, tmp_path / "crops"))
    (cache / "lights" / "features.npz").unlink()
    out, here = tmp_path / "metric", stages._replace(cache=cache)
    check = one_leftover_at_most(out, cache)
    killed = killed_at_every_change(commands, here.metric(out), out, cache, each=check)
    assert killed > FEWEST_MOMENTS
    assert_same(out, stages.root / "metric")
    assert_same(cache, stages.cache)


def test_the_cache_of_crops(commands: Commands, stages: Stages, tmp_path: Path) -> None:
    cache = tmp_path / "crops"
    here = stages._replace(cache=cache)
    check = one_leftover_at_most(cache)
    killed = killed_at_every_change(commands, here.prepare(), cache, each=check)
    assert killed > FEWEST_MOMENTS
    shutil.copy(stages.cache / "lights" / "features.npz", cache / "lights")
    assert_same(cache, stages.cache)


def test_a_collection(commands: Commands, stages: Stages, tmp_path: Path) -> None:
    """No shard that was finished is ever touched again."""
    commands.done(stages.embed(tmp_path / "undisturbed"))
    out, seen = tmp_path / "out", dict[Path, int]()
    check = one_leftover_at_most(out)

    def look() -> None:
        check()
        now = {path: path.stat().st_mtime_ns for path in out.glob("shards/*.parquet")}
        assert seen.items() <= now.items()
        seen.update(now)

    killed = killed_at_every_change(commands, stages.embed(out), out, each=look)
    assert killed > FEWEST_MOMENTS
    assert len(seen) == 5
    assert_same(out, tmp_path / "undisturbed")


def test_a_gallery_in_the_place_of_an_older_one(
    commands: Commands, stages: Stages, tmp_path: Path
) -> None:
    """It is the old one until the first of its files has a name, and soon after the new one."""
    out = tmp_path / "gallery"
    commands.done(stages.gallery(out, "n_neighbors=5"))
    check, seen = one_leftover_at_most(out), []

    def look() -> None:
        check()
        seen.append(neighbours(out))

    killed = killed_at_every_change(commands, stages.gallery(out), out, each=look)
    assert killed > FEWEST_MOMENTS
    assert_same(out, stages.root / "gallery")
    old, between, new = (seen.count(kind) for kind in (5, None, 15))
    assert seen == [5] * old + [None] * between + [15] * new
    assert old > between


def neighbours(folder: Path) -> int | None:
    """A setting of the gallery in a folder; None where its files are known not to belong."""
    try:
        about = load_gallery(folder).about
    except DataError as error:
        said = str(error)
    else:
        return about["maps"]["umap"]["n_neighbors"]
    assert str(folder) in said
    assert "build the gallery again" in said
    return None
