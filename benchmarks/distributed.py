"""Training by one and by two processes of `torchrun`, in one run; writes JSON.

    .venv/bin/python benchmarks/distributed.py --out results/benchmark-distributed.json

Both stages at the same global batch, on synthetic faces and features, with the bundled backbone
and the default settings; making the batch is part of a step. One process computes with as many
threads as there are cores, two with half of them each. Repetitions are interleaved and the medians
compared, so that a busy machine slows both alike.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from sadal_core.backbones import BACKBONES  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.features import FeatureSet  # noqa: E402
from sadal_core.files import check_file, write_json  # noqa: E402
from sadal_core.model import AgeModel  # noqa: E402
from sadal_core.training.config import TrainConfig  # noqa: E402
from sadal_core.training.devices import device  # noqa: E402
from sadal_core.training.distributed import averaging, leads  # noqa: E402
from sadal_core.training.faces import FaceSet  # noqa: E402
from sadal_core.training.group import together  # noqa: E402
from sadal_core.training.metric.config import MetricConfig  # noqa: E402
from sadal_core.training.metric.sources import StoredFeatures  # noqa: E402
from sadal_core.training.metric.start import start_run  # noqa: E402
from sadal_core.training.steps import make_optimizer, set_mode, set_rates, train_step  # noqa: E402
from sadal_core.training.views import Batch, Epochs  # noqa: E402
from sadal_core.training.whole_batch import as_one_batch  # noqa: E402

_PROCESSES: Final = (1, 2)
_STEPS: Final = {"age": 6, "metric": 200}  # that are timed, after one that warms up
_REPEATS: Final = 5
_FACES: Final = {"age": 1_000, "metric": 20_000}
AGE: Final = TrainConfig(precision="float32")
METRIC: Final = MetricConfig(metric_epochs=0, generator_epochs=0, alternating_epochs=1_000)


def _ages(faces: int, rng: np.random.Generator) -> np.ndarray:
    """With the spread of a face data set."""
    return np.clip(rng.gamma(4, 9, faces), 0, 100).round().astype(np.float32)


def age_step() -> Callable[[], object]:
    """A step of the age stage: views, backbone forward and backward, optimizer."""
    rng, spec = np.random.default_rng(0), BACKBONES[AGE.backbone]
    faces, side = _FACES["age"], spec.crop.canvas
    images = rng.integers(0, 256, (faces, side, side, 3), dtype=np.uint8)
    where = np.stack([np.zeros(faces, int), np.arange(faces)], axis=1)
    torch.manual_seed(0)
    model = AgeModel(AGE.backbone, dropout=AGE.dropout)
    as_one_batch(model, device())
    model.to(device()).to(memory_format=torch.channels_last)
    optimizer = make_optimizer(model, AGE)
    set_mode(model, AGE, 0)
    set_rates(optimizer, AGE, AGE.warmup)
    batches = _endless(Epochs(FaceSet([images], _ages(faces, rng), where), spec, AGE))
    averaged = averaging(optimizer)
    return lambda: train_step(model, next(batches), optimizer, AGE, averaged=averaged)


def _endless(epochs: Epochs) -> Iterator[Batch]:
    for epoch in count():
        yield from epochs.batches(epoch)


def metric_step() -> Callable[[], object]:
    """A generator step and a metric step on stored features."""
    rng, faces = np.random.default_rng(0), _FACES["metric"]
    features = rng.normal(0, 1, (faces, 2, BACKBONES[AGE.backbone].features)).astype(np.float32)
    stored = FeatureSet(torch.from_numpy(features), _ages(faces, rng), np.arange(faces))
    return start_run(StoredFeatures(stored), METRIC).advance


STAGES: Final = {"age": (age_step, AGE.batch_size), "metric": (metric_step, METRIC.batch_size)}


def work(stage: str, steps: int, out: Path) -> None:
    """One of the processes; the first writes the seconds of a step."""
    with together():
        step = STAGES[stage][0]()
        step()
        start = time.perf_counter()
        for _ in range(steps):
            step()
        if leads():
            write_json(out, (time.perf_counter() - start) / steps)


def seconds(stage: str, steps: int, processes: int) -> float:
    """Of one step of `stage`, by so many processes."""
    threads = max(1, (os.cpu_count() or 1) // processes)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "seconds.json"
        subprocess.run(
            [sys.executable, "-m", "torch.distributed.run", "--standalone",
             "--nproc-per-node", str(processes),
             __file__, "--work", stage, f"--{stage}-steps", str(steps), "--out", str(out)],
            env={**os.environ, "OMP_NUM_THREADS": str(threads)}, check=True,
        )  # fmt: skip
        return json.loads(out.read_text("utf-8"))


def measured(stage: str, steps: int, repeats: int) -> dict[str, Any]:
    """Seconds of a step, rows per second, and the ratio of two processes to one."""
    taken: dict[int, list[float]] = {processes: [] for processes in _PROCESSES}
    for _ in range(repeats):
        for processes, times in taken.items():
            times.append(seconds(stage, steps, processes))
    medians = {processes: statistics.median(times) for processes, times in taken.items()}
    batch = STAGES[stage][1]
    return {
        "stage": stage,
        "batch_size": batch,
        "steps": steps,
        "rows": [
            {
                "processes": processes,
                "step_s": median,
                "step_s_least": min(taken[processes]),
                "step_s_most": max(taken[processes]),
                "rows_per_second": batch / median,
            }
            for processes, median in medians.items()
        ],
        "speed_of_two_to_one": medians[1] / medians[2],
    }


def _changed(options: argparse.Namespace) -> list[str]:
    """What was asked for otherwise than by default, so that a record of a trial says so."""
    asked = {"repeats": options.repeats} | {f"{s}-steps": n for s, n in _steps(options).items()}
    usual = {"repeats": _REPEATS} | {f"{stage}-steps": steps for stage, steps in _STEPS.items()}
    return [f"--{name} {value}" for name, value in asked.items() if value != usual[name]]


def _steps(options: argparse.Namespace) -> dict[str, int]:
    return {stage: getattr(options, f"{stage}_steps") for stage in STAGES}


def main() -> None:
    """Measure, print, and write where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    parser.add_argument("--repeats", type=int, default=_REPEATS, metavar="N")
    for stage, steps in _STEPS.items():
        parser.add_argument(f"--{stage}-steps", type=int, default=steps, metavar="N")
    parser.add_argument("--work", choices=list(STAGES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    steps = _steps(options)
    if options.work:
        work(options.work, steps[options.work], options.out)
        return
    check_file(options.out)
    record = {
        "command": " ".join(["python benchmarks/distributed.py", *_changed(options)]),
        "revision": revision(),
        "machine": {"cores": os.cpu_count(), "torch": torch.__version__, "device": device().type},
        "repeats": options.repeats,
        "stages": [measured(stage, steps[stage], options.repeats) for stage in STAGES],
    }
    print(json.dumps(record, indent=2))
    write_json(options.out, record)


if __name__ == "__main__":
    main()
