"""Options and progress shared by the commands that read data sets."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sadal_core.backbones import BACKBONES
from sadal_core.data.crops import Crops
from sadal_core.data.crops import prepare as prepare_crops
from sadal_core.data.readers import READERS, read_samples
from sadal_core.data.samples import open_source
from sadal_core.faces.align import CropSpec
from sadal_core.features import FeatureSet, feature_set
from sadal_core.manifest import BUNDLED_MODEL
from sadal_core.model import AgeModel
from sadal_core.training.distributed import in_turns, leads

DEFAULT_CACHE = Path("runs/crops")


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Options `--data`, `--format`, `--cache` and `--workers`."""
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, metavar="PATH",
        help="folder or zip file of a face data set; several may be given",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=list(READERS), help="layout of the data; recognised if not given"
    )
    parser.add_argument(
        "--cache", type=Path, default=DEFAULT_CACHE, metavar="DIR",
        help="where aligned crops are kept (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, default=2, metavar="N", help="processes that crop faces"
    )


def add_model_argument(parser: argparse.ArgumentParser, what: str = "folder of the model") -> None:
    """Option `--model`; the bundled model by default."""
    parser.add_argument(
        "--model", type=Path, default=BUNDLED_MODEL, metavar="DIR",
        help=f"{what} (default: the bundled one)",
    )  # fmt: skip


def load_crops(options: argparse.Namespace, spec: CropSpec) -> list[Crops]:
    """Aligned crops of every data set named in `--data`, prepared where the cache lacks them."""
    parts = []
    for path in options.data:
        source = open_source(path)
        dataset, samples = read_samples(source, options.format)
        folder = options.cache / path.stem
        with tqdm(unit="face", desc=dataset, disable=not leads()) as bar:
            made = partial(
                prepare_crops, source, dataset, samples, folder, spec=spec,
                workers=max(1, options.workers), progress=partial(_show, bar, dataset),
            )  # fmt: skip
            crops = in_turns(made)
        parts.append(crops)
    return parts


def _show(bar: Any, dataset: str, stage: str, done: int, total: int) -> None:
    title = f"{dataset}: {stage}"
    if not bar.disable and bar.desc != f"{title}: ":
        bar.reset(total)
        bar.set_description(title, refresh=False)
    bar.update(done - bar.n)


def feature_sets(
    options: argparse.Namespace, model: AgeModel, parts: list[Crops], name: str = "features"
) -> list[FeatureSet]:
    """Features of `parts`, kept beside the crops under `name`; computed where they are missing."""
    made = []
    for path, crops in zip(options.data, parts, strict=True):
        title = f"{crops.dataset}: {name}"
        with tqdm(total=len(crops.ages), desc=title, unit="face", disable=not leads()) as bar:

            def progress(done: int, total: int, bar: Any = bar) -> None:
                bar.update(done - bar.n)

            cache = options.cache / path.stem / f"{name}.npz"
            made.append(in_turns(partial(feature_set, model, crops, cache, progress)))
    return made


def crop_spec(backbone: str) -> CropSpec:
    """Crop geometry of a backbone."""
    return BACKBONES[backbone].crop
