"""Commands as processes that can be killed, starved of disk, and looked at afterwards."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
KILLED = -9  # status of a process that SIGKILL has ended
# One thread, so that numbers are the same; no revision, which may change between two commands.
SURROUNDINGS = {**os.environ, "OMP_NUM_THREADS": "1", "GIT_DIR": os.devnull}


class Ended(NamedTuple):
    """How a command has ended.

    Attributes:
        status: of the process; negative, the signal that ended it.
        said: all that it printed.
    """

    status: int
    said: str

    def refusal(self) -> str:
        """The one sentence with which it refused to go on; no traceback is anywhere."""
        assert self.status == 2, self.said
        assert "Traceback" not in self.said, self.said
        assert "Exception ignored" not in self.said, self.said
        (sentence,) = [line for line in self.said.splitlines() if "sadal_core: " in line]
        return sentence.partition("sadal_core: ")[2]


class Commands:
    """Runs `python -m sadal_core` in processes of their own, forked from one (`forked`)."""

    def __init__(self) -> None:
        self._origin = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forked"],
            cwd=ROOT,
            env={**SURROUNDINGS, "PYTHONWARNINGS": "ignore"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End the process from which they are forked."""
        self._origin.kill()
        self._origin.communicate()

    def run(
        self,
        arguments: list[str],
        *,
        dies_at: int | None = None,
        below: tuple[Path, ...] = (),
        largest: int | None = None,
        shard: int = 8,
    ) -> Ended:
        """Run a command to its end.

        Args:
            arguments: of `python -m sadal_core`.
            dies_at: the change to the disk, counted from 1, before which it is killed.
            below: folders in which changes count.
            largest: bytes that a file may have.
            shard: faces in a file of the cache of crops.
        """
        request = {
            "arguments": arguments,
            "dies_at": dies_at,
            "below": [str(folder) for folder in below],
            "largest": largest,
            "shard": shard,
        }
        assert self._origin.stdin is not None
        assert self._origin.stdout is not None
        self._origin.stdin.write(json.dumps(request) + "\n")
        self._origin.stdin.flush()
        return Ended(**json.loads(self._origin.stdout.readline()))

    def done(self, arguments: list[str], *, shard: int = 8) -> None:
        """Run a command that must succeed."""
        ended = self.run(arguments, shard=shard)
        assert ended.status == 0, ended.said
