"""How much the estimate moves when a picture changes and the age does not; writes JSON.

    .venv/bin/python benchmarks/robustness.py --data utkface.zip \
        --out results/benchmark-robustness.json

Held-out faces are perturbed as pictures and go through the whole estimator again: the face is
searched for and aligned anew, as it would be for a visitor. `--model NAME=DIR` may be given more
than once; all models see the same pictures, and the same faces in them. `--white NAME=LEVEL`
sets the level to which a model's dark faces are brightened; 0 leaves them dark. `--control NAME`
reads a model's ages with the head of its age stage.
"""

import argparse
import shlex
import sys
from collections.abc import Container, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from tqdm import tqdm  # noqa: E402

from benchmarks.recorded import data_parser, recorded  # noqa: E402
from sadal_core.cli.control import become_control  # noqa: E402
from sadal_core.cli.datasets import load_crops  # noqa: E402
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.data.crops import Crops  # noqa: E402
from sadal_core.data.found import main_face  # noqa: E402
from sadal_core.data.samples import open_source  # noqa: E402
from sadal_core.errors import ConfigError, DataError  # noqa: E402
from sadal_core.evaluation.robustness import (  # noqa: E402
    Estimate,
    overall_rows,
    perturbed_ages,
    robustness_rows,
)
from sadal_core.faces.detect import Face, MediaPipeFaces  # noqa: E402
from sadal_core.faces.image import decode  # noqa: E402
from sadal_core.features import units  # noqa: E402
from sadal_core.manifest import BUNDLED_MODEL, entry  # noqa: E402
from sadal_core.pipeline import AgeEstimator  # noqa: E402
from sadal_core.weights import load_model  # noqa: E402


class MainFace:
    """Detector of the labelled person alone, which remembers the picture that it saw last.

    So models that are compared look at one search.
    """

    def __init__(self) -> None:
        self._search = MediaPipeFaces()
        self._picture = np.empty((0, 0, 3), np.uint8)
        self._faces: tuple[Face, ...] = ()

    def __call__(self, picture: np.ndarray) -> tuple[Face, ...]:
        """The labelled person, or nobody."""
        if picture is not self._picture:
            face = main_face(self._search(picture), picture.shape[1], picture.shape[0])
            self._picture, self._faces = picture, () if face is None else (face,)
        return self._faces


def age_of(estimator: AgeEstimator) -> Estimate:
    """`estimator` as a function from a picture to the age of its one face."""

    def estimate(picture: np.ndarray) -> float | None:
        return next((face.summary.age for face in estimator.estimate(picture)), None)

    return estimate


def named_models(options: list[str]) -> dict[str, Path]:
    """Folders by the names given to them; the bundled model where there are none.

    Raises:
        ConfigError: an option is not NAME=DIR, or a name comes twice.
    """
    models: dict[str, Path] = {}
    for option in options or [f"bundled={BUNDLED_MODEL}"]:
        name, separator, folder = option.partition("=")
        if not (name and separator and folder) or name in models:
            raise ConfigError(f"--model takes NAME=DIR with a new NAME each time, got {option!r}.")
        models[name] = Path(folder)
    return models


def whites(options: list[str], names: Container[str]) -> dict[str, float]:
    """Levels by the models that they are for.

    Raises:
        ConfigError: an option is not NAME=LEVEL with the name of a model, once, and a grey level.
    """
    levels: dict[str, float] = {}
    for option in options:
        name, _, level = option.partition("=")
        if name not in names or name in levels or not level.isdecimal() or int(level) > 255:
            raise ConfigError(
                f"--white takes NAME=LEVEL with a model's name and 0 to 255, got {option!r}."
            )
        levels[name] = float(level)
    return levels


def chosen(crops: Crops, split: dict[str, Any], count: int, seed: int) -> np.ndarray:
    """Positions of `count` held-out faces, or of all if there are fewer, drawn with `seed`."""
    held_out = np.flatnonzero(crops.holdout(**split).validation)
    if len(held_out) == 0:
        raise DataError(f"No face of {crops.dataset} was held out, so that none can be measured.")
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(held_out, min(count, len(held_out)), replace=False))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The record that is written.

    Raises:
        DataError: several data sets, or models that held out other faces.
    """
    if len(options.data) > 1:
        raise DataError("The benchmark takes one data set. Give one --data PATH.")
    loaded = {name: load_model(folder) for name, folder in named_models(options.model).items()}
    for name, level in whites(options.white, loaded).items():
        model = loaded[name][0]
        model.spec = replace(model.spec, white=level)
    for name in options.control:
        if name not in loaded:
            raise ConfigError(f"--control takes the name of a model, got {name!r}.")
        become_control(*loaded[name])
    splits = [entry(manifest, "split") for _, manifest in loaded.values()]
    if any(split != splits[0] for split in splits):
        raise DataError("The models held out other faces, so that they cannot be compared.")
    spec = next(iter(loaded.values()))[0].spec.crop
    (crops,) = load_crops(options, spec)
    index = chosen(crops, splits[0], options.count, options.seed)
    detector = MainFace()
    estimators = {
        name: age_of(AgeEstimator(model, manifest, detector))
        for name, (model, manifest) in loaded.items()
    }
    source = open_source(options.data[0])

    def pictures() -> Iterator[np.ndarray]:
        for number in tqdm(index, desc="pictures"):
            name = crops.samples[number].name
            yield decode(source.read(name), name=name)

    ages = perturbed_ages(pictures(), estimators)
    true, groups = crops.ages[index].astype(float), units(crops)[index]
    return {
        "command": _command(options),
        "revision": revision(),
        "dataset": crops.dataset,
        "labels_sha256": crops.labels,
        "n": len(index),
        "models": [
            {
                "name": name,
                "sha256": loaded[name][1]["sha256"],
                "rows": robustness_rows(ages[name], true, groups),
            }
            for name in loaded
        ],
        "overall": overall_rows(ages, groups),
    }


def _command(options: argparse.Namespace) -> str:
    """The command without this machine's folders."""
    models = [f"{option.partition('=')[0]}=DIR" for option in options.model]
    words = [
        "python benchmarks/robustness.py", "--data", options.data[0].name,
        "--count", str(options.count), "--seed", str(options.seed),
        *(word for model in models for word in ("--model", shlex.quote(model))),
        *(word for level in options.white for word in ("--white", shlex.quote(level))),
        *(word for name in options.control for word in ("--control", shlex.quote(name))),
    ]  # fmt: skip
    return " ".join(words)


def lines(record: dict[str, Any]) -> Iterator[str]:
    """One per model and perturbation."""
    for model in record["models"]:
        for row in model["rows"]:
            change = "–" if row["change"] is None else f"{row['change']:.2f} years"
            yield f"{model['name']}: {row['perturbation']:15s} {change}, {row['lost']} lost"
    for row in record["overall"]:
        low, high = row.get("apart_interval", row["interval"])
        figure = (
            f"{row['apart']:+.3f} beside the first" if "apart" in row else f"{row['change']:.3f}"
        )
        yield f"{row['name']}: all of them {figure} ({low:.3f} to {high:.3f})"


def main() -> int:
    """Measure, write and print."""
    parser = data_parser(__doc__)
    parser.add_argument("--model", action="append", default=[], metavar="NAME=DIR")
    parser.add_argument("--white", action="append", default=[], metavar="NAME=LEVEL")
    parser.add_argument("--control", action="append", default=[], metavar="NAME")
    parser.add_argument("--count", type=int, default=300, help="faces (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of faces")
    return recorded(parser, measure, lines)


if __name__ == "__main__":
    sys.exit(main())
