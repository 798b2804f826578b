"""`python -m sadal_core`, started as from a shell and killed as by the system."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sadal_core.data.shards import SHARD
from tests.faults.commands import KILLED, ROOT, SURROUNDINGS, Commands
from tests.faults.stages import Stages, assert_whole, leftovers

PATIENCE = 120  # s
SETTINGS = ["backbone=resnet18-half", "epochs=2", "batch_size=8", "validation_fraction=0.4"]


def wait_for(what: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Look until it is so; the process must not end before."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_training_killed_at_its_first_checkpoint_goes_on_to_the_same_weights(
    commands: Commands, stages: Stages, tmp_path: Path
) -> None:
    here = stages._replace(cache=tmp_path / "crops")
    commands.done(here.prepare(), shard=SHARD)  # what the other process takes for its own

    def train(out: Path) -> list[str]:
        return ["train", *here.pictures, "--out", str(out), "--set", *SETTINGS]

    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "sadal_core", *train(out)],
        cwd=ROOT, env=SURROUNDINGS, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        wait_for((out / "state.pt").exists, process)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == KILLED
    assert not (out / "model").exists()
    assert_whole(out)
    before = (out / "metrics.jsonl").read_text()
    commands.done(train(out), shard=SHARD)
    commands.done(train(tmp_path / "unbroken"), shard=SHARD)
    one, other = (json.loads((f / "model/manifest.json").read_text()) for f in
                  (out, tmp_path / "unbroken"))  # fmt: skip
    assert one == other  # the digest of the weights and all that was measured
    assert (out / "metrics.jsonl").read_text().startswith(before)
    assert leftovers(out) == []


_PROGRAM = """
import sys, time
from pathlib import Path
import numpy as np
from sadal_core.data import shards

def slow(numbers):
    time.sleep(0.05)
    return {"numbers": np.array(numbers)}

if __name__ == "__main__":
    shards.SHARD = 1
    shards.sharded(Path(sys.argv[1]), {"of": "numbers"}, range(2000), slow, columns=("numbers",),
                   workers=2, progress=lambda done, total: None)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are not in /proc here")
def test_workers_end_with_the_command_that_was_killed(tmp_path: Path) -> None:
    """They would go on writing into a cache that the next command may have begun anew."""
    (tmp_path / "program.py").write_text(_PROGRAM)
    cache = tmp_path / "cache"
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "program.py"), str(cache)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with process:
        wait_for(lambda: len(list(cache.glob("shard-*.npz"))) >= 4, process)
        workers = children(process.pid)
        assert len(workers) >= 2
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while any(is_running(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert_whole(cache)
    assert len(list(cache.glob("shard-*.npz"))) < 2000


def children(process: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[1]) == process:
            found.append(int(stat.parent.name))
    return found


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # ended, and its new parent has not looked yet
