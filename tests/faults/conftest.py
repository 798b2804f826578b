"""What the tests of faults begin with; nothing of `sadal_core` is imported at the top."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.commands import Commands
    from tests.faults.disk import Disk
    from tests.faults.stages import Stages


@pytest.fixture(scope="session")
def commands() -> Iterator["Commands"]:
    from tests.faults.commands import Commands

    made = Commands()
    yield made
    made.close()


@pytest.fixture(scope="session")
def stages(commands: "Commands", tmp_path_factory: pytest.TempPathFactory) -> "Stages":
    """All stages, undisturbed; to be read only."""
    from tests.faults.stages import Stages, plant_pictures

    root = tmp_path_factory.mktemp("undisturbed")
    plant_pictures(root / "lights")
    made = Stages(root / "lights", root / "crops", root)
    commands.done(made.prepare())
    commands.done(made.age(root / "age"))
    commands.done(made.metric(root / "metric"))
    commands.done(made.gallery(root / "gallery"))
    return made


@pytest.fixture
def disk(tmp_path: Path) -> Iterator["Disk"]:
    from tests.faults.disk import mounted

    with mounted(tmp_path / "disk") as made:
        yield made
