"""Collections filled by real processes and by a real Ray: same bytes, and what if a worker dies."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from sadal_core.model import AgeModel
from sadal_core.weights import save_model
from tests.faults.commands import ROOT, SURROUNDINGS, Ended
from tests.faults.stages import assert_same
from tests.faults.test_killed_outside import PATIENCE, children, wait_for

SHARDS, SIZE = 6, 4
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed"
)


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, astronaut: np.ndarray) -> list[str]:
    """Embeds small pictures, every second with a face, with a random network."""
    folder = tmp_path_factory.mktemp("collection")
    head = cv2.resize(astronaut[0:240, 110:350], (96, 96), interpolation=cv2.INTER_AREA)
    (folder / "pictures").mkdir()
    for number in range(SHARDS * SIZE):
        picture = head if number % 2 else head[::-1, ::-1]
        shade = cv2.convertScaleAbs(picture, alpha=1 - number / 100)
        cv2.imwrite(str(folder / "pictures" / f"{number:02d}.png"), shade[:, :, ::-1])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AgeModel("resnet18-half").eval()
    save_model(model, folder / "model", {"backbone": "resnet18-half", "metrics": {}, "bands": []})
    start = [sys.executable, "-m", "sadal_core", "embed", str(folder / "pictures")]
    return [*start, "--model", str(folder / "model"), "--shard-size", str(SIZE)]


@pytest.fixture(scope="module")
def on_threads(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two threads of one process have made."""
    out = tmp_path_factory.mktemp("threads") / "out"
    assert ended([*command, "--workers", "2", "--out", str(out)]).status == 0
    return out


def ended(arguments: list[str]) -> Ended:
    done = subprocess.run(
        arguments, cwd=ROOT, env=SURROUNDINGS, capture_output=True, text=True, timeout=PATIENCE
    )
    return Ended(done.returncode, done.stderr)


def shards(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("shards/*.parquet")}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are not in /proc here")
def test_a_worker_that_is_killed_is_one_sentence_and_what_it_finished_stays(
    command: list[str], on_threads: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = [*command, "--processes", "--workers", "2", "--out", str(out)]
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=SURROUNDINGS, stderr=subprocess.PIPE, text=True
    )
    with process:
        wait_for(lambda: len(shards(out)) >= 1, process)
        workers = [one for one in children(process.pid) if is_worker(one)]
        os.kill(workers[0], signal.SIGKILL)
        said = process.communicate()[1]
    sentence = Ended(process.returncode, said).refusal()
    assert sentence.startswith("A worker has died")
    assert "The finished shards are kept" in sentence
    before = shards(out)
    assert 1 <= len(before) < SHARDS
    assert before.items() <= shards(on_threads).items()
    again = ended(arguments)
    assert again.status == 0, again.said
    assert f"already there {len(before)}." in again.said
    assert_same(out, on_threads)


def is_worker(process: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()


@pytest.mark.slow
@needs_ray
def test_two_workers_of_a_ray_make_the_same_bytes(
    command: list[str], on_threads: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = ended([*command, "--ray", "--workers", "2", "--out", str(out)])
    assert done.status == 0, done.said
    assert_same(out, on_threads)
