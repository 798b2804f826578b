"""Build a gallery: faces in the learned metric, their maps, neighbours and generated negatives.

`python app.py --gallery DIR` shows it.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from sadal_core.cli.datasets import (
    add_data_arguments,
    add_model_argument,
    feature_sets,
    load_crops,
)
from sadal_core.cli.provenance import provenance
from sadal_core.errors import ConfigError, DataError
from sadal_core.gallery.build import Faces, Training, build_gallery, embedded, standardised
from sadal_core.gallery.candidates import SIDES, Candidates, candidates
from sadal_core.gallery.choose import chosen_faces
from sadal_core.gallery.epochs import Recorded
from sadal_core.gallery.maps import MapSettings
from sadal_core.gallery.pictures import FEWEST_AVERAGED, Sheet, k_same, sheet
from sadal_core.gallery.stored import save_gallery
from sadal_core.manifest import entry
from sadal_core.metric import MetricModel
from sadal_core.model import AgeModel
from sadal_core.settings import overridden
from sadal_core.training.finish import SplitSettings
from sadal_core.training.metric.config import MetricConfig, Phase
from sadal_core.training.metric.snapshots import recorded_metrics
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
        "--set", nargs="*", default=[], metavar="NAME=VALUE", dest="settings",
        help="settings of UMAP: n_neighbors, min_dist, seed",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Build the gallery, write it, and say how far its maps can be believed."""
    settings = overridden(MapSettings(), options.settings)
    model, manifest = load_model(options.model)
    metric, config = _metric(model, manifest)
    recorded = _recorded(options.recording, metric)
    parts = load_crops(options, model.spec.crop)
    known = manifest.get("split")
    if options.side != "all":
        known = entry(manifest, "split")
    split = None if known is None else SplitSettings(**known)
    all_faces = candidates(parts, feature_sets(options, model, parts), options.side, split)
    shown, rest = _chosen(all_faces, options.count, settings.seed)
    with tqdm(desc="pictures", bar_format="{desc} [{elapsed}]") as bar:
        pictures = _sheet(options, model, all_faces, shown)
        gallery = build_gallery(
            metric,
            Training(config.objective, config.age_window, recorded),
            Faces(all_faces.ids[shown], all_faces.ages[shown], all_faces.features[shown]),
            settings,
            others=all_faces.features[rest] if len(rest) else None,
            progress=bar.set_description,
        )
    about = {
        **provenance("gallery", options, extra=_options_text(options)),
        "model": manifest["sha256"],
        **gallery.about,
        "config": asdict(config),
        "pictures": {"kind": options.pictures, "k": _averaged(options)},
        "labels": [crops.labels for crops in parts],
    }
    stored = save_gallery(replace(gallery, about=about), pictures, options.out)
    print(_summary(stored.about, options.out))
    return 0


def _chosen(faces: Candidates, count: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Faces that are shown, and some of other people with which placing is measured."""
    if count is None:
        return np.arange(len(faces)), np.empty(0, np.int64)
    rng = np.random.default_rng(seed)
    shown = chosen_faces(faces.ages, faces.units, count, rng)
    others = np.flatnonzero(~np.isin(faces.units, faces.units[shown]))
    return shown, rng.permutation(others)[:_OTHERS]


def _metric(model: AgeModel, manifest: dict[str, Any]) -> tuple[MetricModel, MetricConfig]:
    if model.metric is None:
        raise ConfigError(
            "This model has no metric. Train one: python -m sadal_core train --stage metric."
        )
    return model.metric, MetricConfig(**entry(manifest, "config"))


def _recorded(folder: Path | None, metric: MetricModel) -> list[Recorded]:
    """The epochs of the run up to the one whose metric the model has."""
    if folder is None:
        return []
    try:
        config = MetricConfig(**json.loads((folder / "config.json").read_text("utf-8"))["config"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder} holds no run of the metric stage.") from error
    made: list[Recorded] = []
    for number, then in recorded_metrics(folder / "snapshots"):
        made.append(Recorded(number, config.phase(number - 1) is not Phase.METRIC, then))
        if _same(then, metric):
            return made
    raise DataError(
        f"The model is not one of those recorded in {folder}. Give the run that it was made by."
    )


def _same(one: MetricModel, other: MetricModel) -> bool:
    mine, its = one.state_dict(), other.state_dict()
    if mine.keys() != its.keys():
        return False
    return all(torch.equal(value, its[name]) for name, value in mine.items())


def _sheet(
    options: argparse.Namespace, model: AgeModel, faces: Candidates, shown: np.ndarray
) -> Sheet:
    spec = model.spec.crop
    if options.pictures == "own":
        return sheet(np.stack([faces.picture(face, spec) for face in shown.tolist()]))
    assert model.metric is not None
    embeddings = embedded(model.metric, standardised(model.metric, faces.features))
    made = k_same(
        lambda face: faces.picture(face, spec), embeddings, faces.units, shown, k=options.k
    )
    return sheet(made)


def _averaged(options: argparse.Namespace) -> int:
    return options.k if options.pictures == "k-same" else 1


def _options_text(options: argparse.Namespace) -> str:
    words = {
        "--count": options.count,
        "--side": options.side,
        "--pictures": options.pictures,
        "--k": options.k if options.pictures == "k-same" else None,
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
