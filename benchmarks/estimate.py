"""Speed and memory of estimating, measured in one run on the CPU; prints JSON.

    .venv/bin/python benchmarks/estimate.py --out results/benchmark-estimate.json

Ratios are taken between interleaved repetitions in this one run, so that a busy machine slows
both sides alike. Times are medians.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import cv2  # noqa: E402
import httpx  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from skimage.data import astronaut  # noqa: E402

from app.services import Services  # noqa: E402
from app.tabs.estimate.live import LiveState, next_frame  # noqa: E402
from sadal_core.batch import estimate_pictures, find_pictures  # noqa: E402
from sadal_core.faces.align import align  # noqa: E402
from sadal_core.faces.image import decode  # noqa: E402
from sadal_core.files import write_json  # noqa: E402
from sadal_core.manifest import BUNDLED_MODEL  # noqa: E402
from sadal_core.pipeline import AgeEstimator  # noqa: E402

_REPEATS = 40
_BATCH_FILES = 500
_STARTS = 3


def photo(width: int = 640, height: int = 480) -> np.ndarray:
    """The astronaut, one face, on grey."""
    picture = np.full((height, width, 3), 128, np.uint8)
    face = cv2.resize(astronaut(), (height, height), interpolation=cv2.INTER_AREA)
    start = (width - height) // 2
    picture[:, start : start + height] = face
    return picture


def jpeg(picture: np.ndarray) -> bytes:
    """`picture` as a JPEG file of quality 90."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def interleaved(actions: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median milliseconds of each action, run in turn."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for repeat in range(_REPEATS + 3):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            if repeat >= 3:  # the first runs warm caches and allocators up
                times[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def single_photo(estimator: AgeEstimator) -> dict[str, Any]:
    """Parts of one estimate in ms, and the whole as a ratio to the backbone alone.

    The backbone is what an estimate runs of it: two views of the face, in ONNX Runtime. The same in
    PyTorch stands beside it.
    """
    image, data = photo(), jpeg(photo())
    (face,) = estimator.detector(image)
    faces = estimator.model.spec.preprocess(
        align(image, face.landmarks, estimator.model.spec.crop)[None]
    )

    model, engine = estimator.model, estimator.model.engine

    def forward() -> None:
        with torch.inference_mode():
            model.features(faces)

    def in_pytorch() -> None:
        model.engine = None
        forward()
        model.engine = engine

    times = interleaved(
        {
            "backbone": forward,
            "backbone_in_pytorch": in_pytorch,
            "decode": lambda: decode(data),
            "detect": lambda: estimator.detector(image),
            "align": lambda: align(image, face.landmarks, estimator.model.spec.crop),
            "estimate": lambda: estimator.estimate(image),
            "whole": lambda: estimator.estimate(decode(data)),
        }
    )
    return {
        "median_ms": times,
        "estimate_to_backbone": times["estimate"] / times["backbone"],
        "whole_with_decoding_to_backbone": times["whole"] / times["backbone"],
    }


def live(estimator: AgeEstimator) -> dict[str, float]:
    """Frames per second of the server's side of the live camera, 640 x 480 JPEG frames."""
    import base64

    url = "data:image/jpeg;base64," + base64.b64encode(jpeg(photo())).decode()
    services, state = Services(estimator.estimate, estimator.manifest), LiveState()
    start = time.perf_counter()
    for number in range(_REPEATS):
        _, state = next_frame(
            services, state, {"number": number, "image": url}, now=time.monotonic()
        )
    return {"frames_per_second": _REPEATS / (time.perf_counter() - start)}


def batch(estimator: AgeEstimator) -> dict[str, float]:
    """Pictures per second of the command line's path on 500 different files."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(_BATCH_FILES):
            shade = rng.uniform(0.6, 1.2)
            data = jpeg(cv2.convertScaleAbs(photo(), alpha=float(shade)))
            (Path(folder) / f"{number:03d}.jpg").write_bytes(data)
        found = list(find_pictures([Path(folder)]))
        start = time.perf_counter()
        faces = sum(len(result.rows) for result in estimate_pictures(estimator, found))
        seconds = time.perf_counter() - start
    return {"files": _BATCH_FILES, "faces": faces, "files_per_second": _BATCH_FILES / seconds}


def start_page() -> dict[str, Any]:
    """Seconds from start to a served page and to a loaded model; peak memory of the server."""
    served, loaded, peaks = [], [], []
    for attempt in range(_STARTS + 1):
        start = time.perf_counter()
        command = [sys.executable, str(ROOT / "app.py"), "--port", "7931"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            address = next(line for line in server.stdout if "The page is at" in line)
            url = address.split()[4]
            httpx.get(url).raise_for_status()
            page_seconds = time.perf_counter() - start
            next(line for line in server.stdout if "model is loaded" in line)
            model_seconds = time.perf_counter() - start
            peak = _peak_memory_mb(server.pid)
            server.terminate()
        if attempt:  # the first start fills the file cache
            served.append(page_seconds)
            loaded.append(model_seconds)
            peaks.append(peak)
    return {
        "page_served_s": statistics.median(served),
        "model_loaded_s": statistics.median(loaded),
        "peak_memory_mb": max(peaks),
    }


def _peak_memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="result file")
    parser.add_argument("--model", type=Path, default=BUNDLED_MODEL)
    options = parser.parse_args()
    estimator = AgeEstimator.from_folder(options.model)
    record = {
        "command": "python benchmarks/estimate.py",
        "model_sha256": estimator.manifest["sha256"],
        "machine": {"cores": os.cpu_count(), "processor": platform.machine(),
                    "torch_threads": torch.get_num_threads()},
        "photo_640x480": single_photo(estimator),
        "live_640x480": live(estimator),
        "batch": batch(estimator),
        "start": start_page(),
        "own_peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip
    print(json.dumps(record, indent=2))
    if options.out:
        write_json(options.out, record)


if __name__ == "__main__":
    main()
