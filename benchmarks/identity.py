"""Whether the numbers of a gallery tell who somebody is; writes JSON.

    .venv/bin/python benchmarks/identity.py --data utkface.zip aaf.zip \
        --face-weights mobilefacenet-ms1m.pt --out results/benchmark-identity.json

Half of the people of the training side belong to an attacker, who learns to guess from the age
network's features what a face recognition network says about a face. The points of a gallery are
then made of the other half, of single faces and of means, and everybody is sought among all faces
of the same age. `--face-weights` are the recognition network's.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from benchmarks.recorded import data_parser, recorded  # noqa: E402
from sadal_core.backbones.mobilefacenet import load_face_weights  # noqa: E402
from sadal_core.cli.datasets import (  # noqa: E402
    add_model_argument,
    feature_sets,
    load_crops,
)
from sadal_core.cli.provenance import revision  # noqa: E402
from sadal_core.errors import ConfigError  # noqa: E402
from sadal_core.evaluation.identity import attacker, recognised  # noqa: E402
from sadal_core.gallery.build import embedded, standardised  # noqa: E402
from sadal_core.gallery.candidates import Candidates, candidates  # noqa: E402
from sadal_core.gallery.means import means_of  # noqa: E402
from sadal_core.manifest import entry  # noqa: E402
from sadal_core.model import AgeModel  # noqa: E402
from sadal_core.training.finish import SplitSettings  # noqa: E402
from sadal_core.weights import load_model  # noqa: E402


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The record that is written.

    Raises:
        ConfigError: the model has no metric.
        DataError: too few faces.
    """
    model, manifest = load_model(options.model)
    if model.metric is None:
        raise ConfigError("The model has no metric, so that no gallery is made with it.")
    parts = load_crops(options, model.spec.crop)
    split = SplitSettings(**entry(manifest, "split"))
    ages = feature_sets(options, model, parts)
    known = AgeModel(model.backbone_name).eval()
    load_face_weights(known.backbone, options.face_weights)
    faces = candidates(parts, ages, "training", split)
    named = candidates(parts, feature_sets(options, known, parts, "identity"), "training", split)
    his, others = halves(faces, options.seed)
    learned = attacker(faces.features[his], named.features[his], seed=options.seed)
    embeddings = embedded(model.metric, standardised(model.metric, faces.features))
    rows = []
    for mean in options.mean:
        points, members = made(faces, embeddings, others, mean)
        of_age = [others[faces.ages[others] == faces.ages[own[0]]] for own in members]
        found = recognised(learned.predict(points), named.features, members, of_age)
        rows.append({"mean_of": mean, "points": len(points), **found._asdict(),
                     "per_person": found.per_person})  # fmt: skip
    return {
        "command": "python benchmarks/identity.py --data "
        + " ".join(path.name for path in options.data)
        + f" --face-weights {options.face_weights.name} --seed {options.seed}",
        "revision": revision(),
        "model": manifest["sha256"],
        "labels_sha256": [crops.labels for crops in parts],
        "attacker_faces": len(his),
        "rows": rows,
    }


def halves(faces: Candidates, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Faces of half of the units, and one face of every other unit."""
    units = np.random.default_rng(seed).permutation(np.unique(faces.units))
    his = np.isin(faces.units, units[: len(units) // 2])
    first = np.unique(faces.units, return_index=True)[1]
    return np.flatnonzero(his), np.setdiff1d(first, np.flatnonzero(his))


def made(
    faces: Candidates, embeddings: np.ndarray, others: np.ndarray, mean: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Features of the points, and the faces that each is made of."""
    if mean == 1:
        return faces.features[others], [others[[place]] for place in range(len(others))]
    means = means_of(
        faces.ages[others], faces.units[others], faces.features[others], embeddings[others], mean
    )
    return means.features, [others[group] for group in means.members]


def lines(record: dict[str, Any]) -> Iterator[str]:
    """One per kind of point."""
    for row in record["rows"]:
        yield (
            f"mean of {row['mean_of']:2d}: {100 * row['share']:.1f} % recognised "
            f"({100 * row['chance']:.1f} % by chance), {100 * row['per_person']:.1f} % per person"
        )


def main() -> int:
    """Measure, write and print."""
    parser = data_parser(__doc__)
    add_model_argument(parser)
    parser.add_argument("--face-weights", type=Path, required=True, metavar="FILE.pt")
    parser.add_argument("--mean", type=int, nargs="+", default=[1, 4, 8, 16], metavar="M")
    parser.add_argument("--seed", type=int, default=0)
    return recorded(parser, measure, lines)


if __name__ == "__main__":
    sys.exit(main())
