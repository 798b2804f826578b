"""What several commands begin with; nothing of `sadal_core` is imported at the top."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lights import Error, Lights


@pytest.fixture(scope="session")
def lights(tmp_path_factory: pytest.TempPathFactory) -> "Lights":
    from tests.lights import quick_commands, trained_lights

    with quick_commands():
        return trained_lights(tmp_path_factory.mktemp("lights"))


@pytest.fixture
def made(lights: "Lights") -> Iterator["Lights"]:
    """What the commands before have made; to be read only."""
    from tests.lights import quick_commands
    from tests.planted_metric import fake_umap

    with quick_commands(), fake_umap():
        yield lights


@pytest.fixture
def error(capsys: pytest.CaptureFixture[str]) -> "Error":
    """The one sentence that a command ended with."""

    def read() -> str:
        said = [t for t in capsys.readouterr().err.splitlines() if t.startswith("python -m")]
        assert len(said) == 1
        return said[0]

    capsys.readouterr()
    return read
