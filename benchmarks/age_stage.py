"""A step of the age stage on a processor, with torch's gradients and with ours; writes JSON.

    .venv/bin/python benchmarks/age_stage.py --out results/benchmark-age-stage.json

Random faces, a batch of 64, every backbone: forward pass, loss, gradients and update. In bfloat16
the stage exchanges strided depthwise convolutions (`sadal_core/training/strided.py`); here both
forms take turns in one run, so that a busy machine slows both alike.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from benchmarks.recorded import recorded  # noqa: E402
from sadal_core.ages import gaussian_labels  # noqa: E402
from sadal_core.backbones import BACKBONES  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.model import AgeModel  # noqa: E402
from sadal_core.training.config import TrainConfig  # noqa: E402
from sadal_core.training.steps import make_optimizer, set_rates, train_step  # noqa: E402
from sadal_core.training.strided import with_fast_gradients  # noqa: E402
from sadal_core.training.views import Batch  # noqa: E402

_ROUNDS: Final = 5
_FACES: Final = 64


def step_of(config: TrainConfig, *, fast: bool) -> Callable[[], object]:
    """One step on a batch of random faces."""
    torch.manual_seed(config.seed)
    model = AgeModel(config.backbone, dropout=config.dropout)
    if fast:
        with_fast_gradients(model)
    model.train().to(memory_format=torch.channels_last)
    optimizer = make_optimizer(model, config)
    set_rates(optimizer, config, 0.5)
    rng, side = np.random.default_rng(0), model.spec.crop.size
    ages = torch.from_numpy(rng.integers(0, 101, _FACES).astype(np.float32))
    labels = gaussian_labels(ages, sigma=config.label_sigma)
    batch = Batch(rng.integers(0, 256, (_FACES, side, side, 3), dtype=np.uint8), ages, labels)
    return lambda: train_step(model, batch, optimizer, config)


def row(backbone: str) -> dict[str, Any]:
    """Seconds of a step in both forms, and how many times faster ours is."""
    config = TrainConfig(backbone=backbone, batch_size=_FACES, precision="bfloat16")
    sides = {"torch": step_of(config, fast=False), "ours": step_of(config, fast=True)}
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(_ROUNDS + 1):
        for name, step in sides.items():
            start = time.perf_counter()
            step()
            if number:  # the first round warms up
                taken[name].append(time.perf_counter() - start)
    ratios = [a / b for a, b in zip(taken["torch"], taken["ours"], strict=True)]
    return {"backbone": backbone, "seconds": taken, "times_faster": statistics.median(ratios)}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The record."""
    return {
        "command": "python benchmarks/age_stage.py",
        "revision": revision(),
        "machine": {"cores": os.cpu_count(), "torch_threads": torch.get_num_threads()},
        "faces": _FACES,
        "rows": [row(name) for name in BACKBONES],
    }


def lines(record: dict[str, Any]) -> Iterator[str]:
    """What a person wants to know of it."""
    for made in record["rows"]:
        speed = {
            name: record["faces"] / statistics.median(taken)
            for name, taken in made["seconds"].items()
        }
        yield (
            f"{made['backbone']}: {speed['ours']:.0f} faces/s, {speed['torch']:.0f} with torch's "
            f"gradients: {made['times_faster']:.1f} times"
        )


def main() -> int:
    """Measure and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    return recorded(parser, measure, lines)


if __name__ == "__main__":
    raise SystemExit(main())
