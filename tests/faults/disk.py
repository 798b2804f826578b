"""A real disk of a few megabytes, with as much room on it as a test leaves; and small files."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

SIZE = 6  # MiB
FULL = "No space left on device"


class Disk(NamedTuple):
    """A disk of `SIZE` MiB.

    Attributes:
        path: where it is mounted.
    """

    path: Path

    def leave(self, room: int) -> None:
        """Fill it up but for `room` bytes, in whole pages."""
        ballast = self.path / "ballast"
        ballast.unlink(missing_ok=True)
        about = os.statvfs(self.path)
        ballast.write_bytes(bytes(max(0, about.f_bavail * about.f_frsize - room)))

    def forbid(self) -> None:
        """Let nobody write to it any more."""
        self.path.joinpath("ballast").unlink(missing_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", str(self.path)], check=True)


@contextmanager
def mounted(path: Path) -> Iterator[Disk]:
    """A disk at `path`; the test is skipped where none can be mounted."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", str(path)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here; that takes an administrator")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", str(path)], check=True)


@contextmanager
def small_files(largest: int) -> Iterator[None]:
    """No file that this process writes may have more bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
