r"""Seconds and memory of every method of the comparison, and how they grow; writes JSON.

    .venv/bin/python benchmarks/methods.py --data utkface.zip aaf.zip \
        --out results/benchmark-methods.json

Faces that the model was trained on, in sets of 1,000, 5,000 and 20,000. Every fit has a process
and a core of its own: its memory is the most that the process held, less what it had held before
the fit. A method that needs longer than the limit on one set is not asked for a larger one. Runs on
Linux alone.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from tqdm import tqdm  # noqa: E402

from benchmarks.recorded import data_parser, recorded  # noqa: E402
from sadal_core.cli.datasets import load_crops  # noqa: E402
from sadal_core.cli.inputs import method_inputs  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.comparison.faces import appended  # noqa: E402
from sadal_core.errors import DataError  # noqa: E402
from sadal_core.manifest import BUNDLED_MODEL, entry  # noqa: E402
from sadal_core.methods import METHODS  # noqa: E402
from sadal_core.weights import load_model  # noqa: E402

SIZES = (1000, 5000, 20000)
_READ = 1000  # faces whose ages are read
_CANDIDATE = 1  # the middle one


def megabytes() -> float:
    """The most that this process has held.

    Of Linux's own record: `getrusage` begins with what the process that started this one held.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def one_fit(name: str, folder: Path, size: int) -> dict[str, float]:
    """Seconds and memory of one fit and of reading 1,000 ages, in this process."""
    torch.set_num_threads(1)
    method = METHODS[name]
    samples = np.load(folder / f"{method.reads}.npy", mmap_mode="r")[:size].copy()
    about = np.load(folder / "about.npz")
    estimator: Any = method.estimator(_CANDIDATE, 1)
    further = {"groups": about["groups"][:size]} if method.populations else {}
    before, start = megabytes(), time.perf_counter()
    estimator.fit(samples, about["ages"][:size], **further)
    fitted = time.perf_counter()
    estimator.predict(samples[:_READ])
    return {
        "fit_seconds": fitted - start,
        "predict_seconds": time.perf_counter() - fitted,
        "megabytes": megabytes() - before,
    }


def asked(name: str, folder: Path, size: int, limit: float) -> dict[str, float] | None:
    """The same in a process of its own; None where it takes longer than `limit` seconds."""
    command = [sys.executable, __file__, "--fit", name, str(folder), str(size)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=limit, env=environment
        )
    except subprocess.TimeoutExpired:
        return None
    except subprocess.CalledProcessError as problem:
        raise DataError(f"{name} failed on {size} faces: {problem.stderr[-500:]}") from problem
    return json.loads(done.stdout)


def store_inputs(options: argparse.Namespace, folder: Path, kinds: set[str]) -> list[int]:
    """Inputs of training faces in a random order, as plain arrays; the sizes that there are."""
    model, manifest = load_model(BUNDLED_MODEL)
    parts = load_crops(options, model.spec.crop)
    sets = method_inputs(options, model, parts, kinds)
    splits = [crops.holdout(**entry(manifest, "split")) for crops in parts]
    faces = appended([one.select(s.train) for one, s in zip(sets, splits, strict=True)])
    order = np.random.default_rng(0).permutation(len(faces))[: max(SIZES)]
    for kind, array in faces.inputs.items():
        np.save(folder / f"{kind}.npy", array[order])
    np.savez(folder / "about.npz", ages=faces.ages[order], groups=faces.groups[order])
    return [size for size in SIZES if size <= len(order)]


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The record that is written.

    Raises:
        DataError: a method fails, or there are fewer than 1,000 faces.
    """
    names = [name for name, method in METHODS.items() if method.reads != "identity"]
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sizes = store_inputs(options, folder, {METHODS[name].reads for name in names})
        if not sizes:
            raise DataError(f"The benchmark needs {min(SIZES):,} training faces or more.")
        for name in tqdm(names, desc="methods"):
            fits: dict[str, dict[str, float]] = {}
            for size in sizes:
                found = asked(name, folder, size, options.limit)
                if found is None:
                    break
                fits[str(size)] = found
            rows.append({"method": name, "title": METHODS[name].title, "fits": fits})
    return {
        "command": "python benchmarks/methods.py --data "
        + " ".join(path.name for path in options.data),
        "revision": revision(),
        "limit_seconds": options.limit,
        "read": _READ,
        "sizes": sizes,
        "rows": rows,
    }


def lines(record: dict[str, Any]) -> Iterator[str]:
    """One per method."""
    for row in record["rows"]:
        shown = (
            f"{n}: {f['fit_seconds']:.2f} s, {f['megabytes']:.0f} MB"
            for n, f in row["fits"].items()
        )
        yield f"{row['title']:40s} {'; '.join(shown)}"


def main() -> int:
    """Measure, write and print; or, as a process of its own, one fit."""
    if sys.argv[1:2] == ["--fit"]:
        print(json.dumps(one_fit(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))))
        return 0
    parser = data_parser(__doc__)
    parser.add_argument("--limit", type=float, default=120, help="seconds for a fit")
    return recorded(parser, measure, lines)


if __name__ == "__main__":
    sys.exit(main())
