"""Throughput of the metric stage, as ratios to pytorch-metric-learning in one run; prints JSON.

    .venv/bin/python benchmarks/metric_stage.py --out results/benchmark-metric-stage.json

Planted features of the bundled backbone's width, the default settings of the metric stage, one
batch size for all. A row is a quadruplet here (one generator step and one metric step) and a
triplet there. Repetitions are interleaved and the medians compared, so that a busy machine slows
all sides alike. Then: how an epoch of the quadruplet sampler grows from 10^3 to 10^6 ages.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from pytorch_metric_learning import distances, losses, trainers  # noqa: E402

from sadal_core.embedding import EmbeddingHead  # noqa: E402
from sadal_core.features import FeatureSet  # noqa: E402
from sadal_core.files import write_json  # noqa: E402
from sadal_core.generator import HardNegativeGenerator  # noqa: E402
from sadal_core.quadruplets import QuadrupletSampler  # noqa: E402
from sadal_core.training.metric.config import MetricConfig  # noqa: E402
from sadal_core.training.metric.sources import StoredFeatures  # noqa: E402
from sadal_core.training.metric.start import start_run  # noqa: E402

FACES, WIDTH = 20_000, 512
_STEPS, _REPEATS = 10, 9
_SIZES = (1_000, 10_000, 100_000, 1_000_000)
CONFIG = MetricConfig(metric_epochs=0, generator_epochs=0, alternating_epochs=1_000)


def planted() -> FeatureSet:
    """Random features; ages with the spread of a face data set."""
    rng = np.random.default_rng(0)
    ages = np.clip(rng.gamma(4, 9, FACES), 0, 100).round().astype(np.float32)
    features = torch.from_numpy(rng.normal(0, 1, (FACES, 1, WIDTH)).astype(np.float32))
    return FeatureSet(features, ages, np.arange(FACES))


def ours(faces: FeatureSet) -> Callable[[], object]:
    """One generator step and one metric step on a batch of quadruplets, sampling included."""
    return start_run(StoredFeatures(faces), CONFIG).advance


def plain_triplets(faces: FeatureSet) -> Callable[[], object]:
    """One step of the library's triplet loss on as many triplets, drawn by our sampler."""
    head = EmbeddingHead(WIDTH, CONFIG.dim)
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3)
    loss = losses.TripletMarginLoss(distance=distances.LpDistance(power=2))
    rows = np.stack(QuadrupletSampler(faces.ages, age_window=None).epoch(0)[:3])
    labels = torch.from_numpy(faces.ages).long()
    size, starts = CONFIG.batch_size, iter(range(10**9))
    triple = tuple(torch.arange(size) + part * size for part in range(3))

    def step() -> None:
        start = next(starts) % (rows.shape[1] // size) * size
        chosen = torch.from_numpy(rows[:, start : start + size].reshape(-1))
        optimizer.zero_grad()
        loss(head(faces.plain[chosen]), labels[chosen], triple).backward()
        optimizer.step()

    return step


def library_adversary(faces: FeatureSet) -> Callable[[], object]:
    """One iteration of the library's adversarial trainer with one triplet per anchor."""
    models: dict[str, torch.nn.Module] = {
        "trunk": torch.nn.Identity(),
        "embedder": EmbeddingHead(WIDTH, CONFIG.dim),
        "generator": HardNegativeGenerator(WIDTH, hidden=CONFIG.hidden).net,
    }
    optimizers = {
        f"{name}_optimizer": torch.optim.AdamW(models[name].parameters(), lr=1e-3)
        for name in ("embedder", "generator")
    }
    names = ("metric_loss", "synth_loss", "g_adv_loss")
    one: Any = {"triplets_per_anchor": 1}
    functions = {name: losses.TripletMarginLoss(**one) for name in names}
    weights = dict.fromkeys((*names, "g_hard_loss", "g_reg_loss", "classifier_loss"), 1)
    data = torch.utils.data.TensorDataset(faces.plain, torch.from_numpy(faces.ages).long())
    trainer = trainers.DeepAdversarialMetricLearning(
        g_triplets_per_anchor=1,
        models=models,
        optimizers=optimizers,
        batch_size=CONFIG.batch_size,
        loss_funcs=functions,
        loss_weights={k: v for k, v in weights.items() if k != "classifier_loss"},
        dataset=data,
        dataloader_num_workers=0,
    )
    trainer.epoch = 1
    trainer.initialize_dataloader()
    return trainer.forward_and_backward


def seconds(step: Callable[[], object]) -> float:
    """Of `_STEPS` steps."""
    start = time.perf_counter()
    for _ in range(_STEPS):
        step()
    return time.perf_counter() - start


def throughput() -> dict[str, Any]:
    """Rows per second of the three, and the ratios of the medians."""
    faces = planted()
    sides = {
        "sadal": ours(faces),
        "triplet_loss": plain_triplets(faces),
        "adversarial_trainer": library_adversary(faces),
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    for repeat in range(_REPEATS + 1):
        for name, step in sides.items():
            taken = seconds(step)
            if repeat:  # the first round warms up
                times[name].append(taken)
    rows = CONFIG.batch_size * _STEPS
    speed = {name: rows / statistics.median(taken) for name, taken in times.items()}
    return {
        "batch_size": CONFIG.batch_size,
        "rows_per_second": speed,
        "time_of_sadal_to_triplet_loss": speed["triplet_loss"] / speed["sadal"],
        "time_of_sadal_to_adversarial_trainer": speed["adversarial_trainer"] / speed["sadal"],
    }


def sampler_growth() -> list[dict[str, float]]:
    """Time and peak memory of building a sampler and drawing one epoch, per sample."""
    rng = np.random.default_rng(0)
    rows = []
    for size in _SIZES:
        ages = rng.integers(0, 101, size).astype(float)
        taken = []
        for _ in range(5):
            start = time.perf_counter()
            QuadrupletSampler(ages, age_window=5).epoch(0)
            taken.append(time.perf_counter() - start)
        tracemalloc.start()
        QuadrupletSampler(ages, age_window=5).epoch(0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        rows.append({
            "samples": size,
            "seconds": statistics.median(taken),
            "nanoseconds_per_sample": 1e9 * statistics.median(taken) / size,
            "peak_bytes_per_sample": peak / size,
        })  # fmt: skip
    return rows


def main() -> None:
    """Measure, print, and write where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, metavar="FILE.json")
    options = parser.parse_args()
    record = {
        "command": "python benchmarks/metric_stage.py",
        "machine": {
            "cores": os.cpu_count(),
            "processor": platform.machine(),
            "torch_threads": torch.get_num_threads(),
        },
        "throughput": throughput(),
        "sampler": sampler_growth(),
    }
    print(json.dumps(record, indent=2))
    if options.out:
        write_json(options.out, record)


if __name__ == "__main__":
    main()
