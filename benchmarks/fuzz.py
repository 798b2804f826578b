r"""Spoiled pictures and senseless questions, by the thousand; writes JSON.

    .venv/bin/python benchmarks/fuzz.py --out results/benchmark-fuzz.json

Three parts: files are decoded; what decodes, and arrays of unlikely shapes, are estimated; and a
running page is asked through every event and endpoint that it has. A failure is whatever is not an
answer or a refusal in words: another exception, a wrong answer, a traceback in our own code, a
status of 500, silence. What failed is kept beside the result, to become a case of the tests.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from hypothesis import seed as seeded  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from tqdm import tqdm  # noqa: E402

from benchmarks.fuzz_page import asked_page, senseless  # noqa: E402
from sadal_core.ages import GRID  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.errors import UnreadableImageError  # noqa: E402
from sadal_core.faces.image import decode  # noqa: E402
from sadal_core.files import write_json  # noqa: E402
from sadal_core.pipeline import AgeEstimator  # noqa: E402
from tests.mutated import odd_arrays, spoiled_pictures  # noqa: E402

COUNTS = {"decode": 16000, "estimate": 3000, "page": 3000}


class Part:
    """One part of the attempt.

    Attributes:
        name: of it.
        outcomes: how often each came.
        failures: what was done and what happened.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.outcomes: Counter[str] = Counter()
        self.failures: list[str] = []

    def run(
        self, strategy: st.SearchStrategy[Any], action: Callable[[Any], str], count: int, seed: int
    ) -> None:
        """Do `action` to `count` values; it says the outcome or raises."""
        with tqdm(total=count, desc=self.name) as bar:

            @seeded(seed)
            @settings(
                max_examples=count, database=None, deadline=None, phases=[Phase.generate],
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            )  # fmt: skip
            @given(strategy)
            def one(value: Any) -> None:
                try:
                    self.outcomes[action(value)] += 1
                except Exception as error:  # noqa: BLE001 - this is what is looked for
                    self._failed(value, error)
                bar.update()

            one()

    def _failed(self, value: Any, error: Exception) -> None:
        self.outcomes["failed"] += 1
        self.failures.append(f"{type(error).__name__}: {error}"[:2000])
        path = self.folder / f"{self.name}-{len(self.failures):04d}"
        self.folder.mkdir(parents=True, exist_ok=True)
        if isinstance(value, bytes):
            path.write_bytes(value)
        elif isinstance(value, np.ndarray):
            np.save(path.with_suffix(".npy"), value)
        else:
            path.with_suffix(".json").write_text(json.dumps(value, default=str, indent=1))


def decoded(data: bytes) -> str:
    """What `decode` makes of a file."""
    try:
        picture = decode(data, name="spoiled")
    except UnreadableImageError as refused:
        return "refused: " + str(refused).removeprefix("spoiled ").partition(".")[0]
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    return "read"


def estimated(estimator: AgeEstimator) -> Callable[[Any], str]:
    """What the estimate makes of a file or an array."""

    def action(value: Any) -> str:
        picture = value
        if isinstance(value, bytes):
            try:
                picture = decode(value)
            except UnreadableImageError:
                return "refused"
        faces = estimator.estimate(picture)
        for face in faces:
            assert abs(float(face.probabilities.sum()) - 1) < 1e-3
            assert float(GRID[0]) <= face.summary.low <= face.summary.high <= float(GRID[-1])
            assert np.isfinite(face.embedding).all()
        return "with a face" if faces else "without a face"

    return action


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The record that is written."""
    counts = {name: getattr(options, name) for name in COUNTS}
    kept = options.out.with_suffix("") if options.keep is None else options.keep
    parts = [Part(name, kept) for name in COUNTS]
    decoding, estimating, asking = parts
    began = time.perf_counter()
    decoding.run(spoiled_pictures(), decoded, counts["decode"], options.seed)
    estimating.run(
        st.one_of(odd_arrays(), spoiled_pictures()), estimated(AgeEstimator.from_folder()),
        counts["estimate"], options.seed,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as place, asked_page(Path(place), options.port) as page:
        asking.run(senseless(), page.ask, counts["page"], options.seed)
        gradios = page.refused_by_gradio
        alive = page.alive()
    return {
        "command": "python benchmarks/fuzz.py",
        "revision": revision(),
        "seed": options.seed,
        "seconds": round(time.perf_counter() - began),
        "tried": sum(sum(part.outcomes.values()) for part in parts),
        "failed": sum(len(part.failures) for part in parts) + (not alive),
        "page_alive_at_the_end": alive,
        "tracebacks_of_gradio_about_its_own_checks": gradios,
        "parts": {part.name: dict(part.outcomes.most_common()) for part in parts},
        "failures": {part.name: part.failures for part in parts if part.failures},
    }


def main() -> int:
    """Try, write and print; the exit status is 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, count in COUNTS.items():
        parser.add_argument(f"--{name}", type=int, default=count, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=7940, help="of the page that is asked")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where failed inputs are kept")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    options = parser.parse_args()
    record = measure(options)
    write_json(options.out, record)
    print(f"{record['tried']:,} tried, {record['failed']} failed")
    for name, outcomes in record["parts"].items():
        print(f"{name}: {outcomes}")
    return 1 if record["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
