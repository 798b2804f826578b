"""Build a gallery: faces in the learned metric, their maps, neighbours and generated negatives.

`python app.py --gallery DIR` shows it.
"""

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from sadal_core.cli.datasets import (
    add_data_arguments,
    add_model_argument,
    feature_sets,
    load_crops,
)
from sadal_core.cli.provenance import provenance
from sadal_core.errors import ConfigError
from sadal_core.gallery.build import Faces, Training, build_gallery, embedded, standardised
from sadal_core.gallery.candidates import SIDES, Candidates, candidates
from sadal_core.gallery.choose import chosen_faces
from sadal_core.gallery.epochs import Recorded
from sadal_core.gallery.maps import MapSettings
from sadal_core.gallery.means import means_of
from sadal_core.gallery.pictures import FEWEST_AVERAGED, Sheet, k_same, sheet
from sadal_core.gallery.recording import recording
from sadal_core.gallery.stored import save_gallery
from sadal_core.manifest import entry
from sadal_core.metric import MetricModel
from sadal_core.model import AgeModel
from sadal_core.settings import overridden
from sadal_core.training.finish import SplitSettings
from sadal_core.training.metric.config import MetricConfig
from sadal_core.weights import load_model

_OTHERS = 500  # faces that are not shown, with which placing is measured
PICTURES = ("own", "k-same")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `gallery`."""
    add_data_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    add_model_argument(parser)
    parser.add_argument(
        "--run", type=Path, metavar="DIR", dest="recording",
        help="run of the metric stage that made the model: its epochs become maps",
    )  # fmt: skip
    parser.add_argument(
        "--repetition", type=Path, metavar="DIR",
        help="in the place of --run: another run with the same settings",
    )  # fmt: skip
    parser.add_argument(
        "--count",
        type=int,
        metavar="N",
        help="at most so many faces, of all ages, one of "
        "each person or group of copies (default: all faces)",
    )
    parser.add_argument(
        "--side", choices=SIDES, default="all",
        help="of the split the model was trained with (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--pictures", choices=PICTURES, default="own",
        help="own: the faces themselves, for your own machine; k-same: averages of the K nearest "
        "faces, which show nobody in particular (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--k",
        type=int,
        default=FEWEST_AVERAGED,
        help="fewest faces in an average (default: %(default)s)",
    )
    parser.add_argument(
        "--mean", type=int, metavar="M", default=1,
        help="every point is the mean of M faces of one age or more, so that none is anybody's "
        "(default: 1, the faces themselves, for your own machine)",
    )  # fmt: skip
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", dest="settings",
        help="settings of UMAP: n_neighbors, min_dist, seed",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Build the gallery, write it, and say how far its maps can be believed."""
    settings = overridden(MapSettings(), options.settings)
    if options.mean != 1 and options.pictures == "own":
        raise ConfigError("A mean of faces has no picture of its own: add --pictures k-same.")
    model, manifest = load_model(options.model)
    metric, config = _metric(model, manifest)
    recorded = _recorded(options, metric, config)
    parts = load_crops(options, model.spec.crop)
    known = manifest.get("split")
    if options.side != "all":
        known = entry(manifest, "split")
    split = None if known is None else SplitSettings(**known)
    all_faces = candidates(parts, feature_sets(options, model, parts), options.side, split)
    embeddings = embedded(metric, standardised(metric, all_faces.features))
    shown, own, others = _chosen(all_faces, embeddings, options, settings.seed)
    with tqdm(desc="pictures", bar_format="{desc} [{elapsed}]") as bar:
        gallery = build_gallery(
            metric,
            Training(config.objective, config.age_window, recorded),
            shown,
            settings,
            others=others if len(others) else None,
            progress=bar.set_description,
        )
        pictures = _sheet(options, model, all_faces, own, embeddings, gallery.embeddings)
    about = {
        **provenance("gallery", options, extra=_options_text(options)),
        "model": manifest["sha256"],
        **gallery.about,
        "config": asdict(config),
        "mean_of": options.mean,
        "repetition": options.repetition is not None,
        "pictures": {"kind": options.pictures, "k": _averaged(options)},
        "labels": [crops.labels for crops in parts],
    }
    stored = save_gallery(replace(gallery, about=about), pictures, options.out)
    print(_summary(stored.about, options.out))
    return 0


def _chosen(
    faces: Candidates, embeddings: np.ndarray, options: argparse.Namespace, seed: int
) -> tuple[Faces, np.ndarray, np.ndarray]:
    """What is shown, a face of each, and features of other people to measure placing with."""
    if options.mean == 1:
        ids, ages, features = faces.ids, faces.ages, faces.features
        units, members = faces.units, [np.array([face]) for face in range(len(faces))]
    else:
        means = means_of(faces.ages, faces.units, faces.features, embeddings, options.mean)
        ids, ages, features, members = means.ids, means.ages, means.features, means.members
        units = np.arange(len(ages))
    rng = np.random.default_rng(seed)
    shown = np.arange(len(ages))
    if options.count is not None:
        shown = chosen_faces(ages, units, options.count, rng)
    inside = [members[point] for point in shown.tolist()]
    others = np.flatnonzero(~np.isin(faces.units, faces.units[np.concatenate(inside)]))
    chosen = Faces(ids[shown], ages[shown], features[shown])
    own = np.array([group[0] for group in inside])
    return chosen, own, faces.features[rng.permutation(others)[:_OTHERS]]


def _metric(model: AgeModel, manifest: dict[str, Any]) -> tuple[MetricModel, MetricConfig]:
    if model.metric is None:
        raise ConfigError(
            "This model has no metric. Train one: python -m sadal_core train --stage metric."
        )
    return model.metric, MetricConfig(**entry(manifest, "config"))


def _recorded(
    options: argparse.Namespace, metric: MetricModel, config: MetricConfig
) -> list[Recorded]:
    """Epochs for the maps; of a repetition the last one gives way to the model's own metric."""
    if options.recording is not None:
        return recording(options.recording, metric, config)
    if options.repetition is None:
        return []
    *before, last = recording(options.repetition, metric, config, repetition=True)
    return [*before, last._replace(metric=metric)]


def _sheet(
    options: argparse.Namespace, model: AgeModel, faces: Candidates, own: np.ndarray,
    embeddings: np.ndarray, shown: np.ndarray,
) -> Sheet:  # fmt: skip
    def picture(face: int) -> np.ndarray:
        return faces.picture(face, model.spec.crop)

    if options.pictures == "own":
        return sheet(np.stack([picture(face) for face in own.tolist()]))
    return sheet(k_same(picture, embeddings, faces.units, shown, k=options.k))


def _averaged(options: argparse.Namespace) -> int:
    return options.k if options.pictures == "k-same" else 1


def _options_text(options: argparse.Namespace) -> str:
    words = {
        "--count": options.count,
        "--side": options.side,
        "--pictures": options.pictures,
        "--k": options.k if options.pictures == "k-same" else None,
        "--mean": options.mean if options.mean > 1 else None,
    }
    return " ".join(f"{name} {value}" for name, value in words.items() if value is not None)


def _summary(about: Any, folder: Path) -> str:
    faithful = about["maps"]["faithfulness"]["after-umap"]
    lines = [
        f"{about['data']['faces']} faces and {about['data']['quadruplets']} quadruplets "
        f"are in {folder}",
        f"map after SADAL: trustworthiness {faithful['trustworthiness']:.3f}, "
        f"{100 * faithful['overlap']:.0f} % of the 15 nearest kept",
    ]
    for kind, figures in about["maps"]["agreement"].items():
        lines.append(
            f"placing {kind}: {100 * figures['median']:.1f} % of the map's diagonal from UMAP's "
            f"transform (median); UMAP with another seed: {100 * figures['own_median']:.1f} %"
        )
    return "\n".join(lines)
