"""What the methods of the comparison read, of whole data sets: computed once and kept."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from sadal_core.backbones.mobilefacenet import load_face_weights
from sadal_core.cli.datasets import feature_sets, load_crops
from sadal_core.comparison.faces import Faces, appended
from sadal_core.data.crops import Crops
from sadal_core.features import units
from sadal_core.kept import kept_array
from sadal_core.manifest import entry
from sadal_core.methods.pixels.descriptors import DESCRIPTORS
from sadal_core.model import AgeModel

MOST_OTHERS = 3000  # faces of further populations, so that a fold stays one of the measured set
_OTHERS_SEED = 0


def method_inputs(
    options: argparse.Namespace, model: AgeModel, parts: list[Crops], kinds: set[str]
) -> list[Faces]:
    """Each data set with the inputs of all kinds, computed where they are not kept."""
    inputs: list[dict[str, np.ndarray]] = [{} for _ in parts]
    networks = {"features": model}
    if "identity" in kinds:
        networks["identity"] = AgeModel(model.backbone_name).eval()
        load_face_weights(networks["identity"].backbone, options.face_weights)
    for kind in sorted(kinds & set(networks)):
        for made, known in zip(feature_sets(options, networks[kind], parts, kind), inputs,
                               strict=True):  # fmt: skip
            known[kind] = made.plain.numpy()
    for kind in sorted(kinds & set(DESCRIPTORS)):
        for path, crops, known in zip(options.data, parts, inputs, strict=True):
            cache = options.cache / path.stem / f"{kind}.npz"
            known[kind] = _described(kind, crops, cache)
    return [
        Faces(known, crops.ages, units(crops), np.zeros(len(crops.ages), np.int64))
        for known, crops in zip(inputs, parts, strict=True)
    ]


def other_populations(
    options: argparse.Namespace, model: AgeModel, manifest: dict[str, Any]
) -> Faces:
    """Some faces of the further data sets; those held out from the model stay so."""
    further = argparse.Namespace(**{**vars(options), "data": options.also, "format": None})
    parts = load_crops(further, model.spec.crop)
    sets = method_inputs(further, model, parts, {"features"})
    splits = [crops.holdout(**entry(manifest, "split")) for crops in parts]
    trained = appended([one.select(s.train) for one, s in zip(sets, splits, strict=True)])
    order = np.random.default_rng(_OTHERS_SEED).permutation(len(trained))
    return trained.select(np.sort(order[:MOST_OTHERS]))


def _described(kind: str, crops: Crops, cache: Path) -> np.ndarray:
    """Descriptions of the crops of one data set."""
    key = f"{kind} {crops.dataset} {crops.labels} {crops.images.shape}"
    return kept_array(cache, key, lambda: DESCRIPTORS[kind](crops.images))
