"""What a run of the age stage starts from and whom it follows, also in its manifest."""

from pathlib import Path
from typing import Any

from sadal_core.backbones import BACKBONES
from sadal_core.backbones.mobilefacenet import load_face_weights, start_from
from sadal_core.cli.control import become_control
from sadal_core.cli.train_metric import age_stage
from sadal_core.errors import ConfigError
from sadal_core.files import sha256
from sadal_core.manifest import entry
from sadal_core.model import AgeModel
from sadal_core.training.config import TrainConfig
from sadal_core.weights import load_model

Loaded = tuple[AgeModel, dict[str, Any]]


def run_name(folder: Path) -> str:
    """`age` of `runs/age/model`."""
    return folder.parent.name if folder.name == "model" else folder.name


def described_teacher(folder: Path, loaded: Loaded) -> dict[str, Any]:
    """What the manifest says about a teacher: enough to train it again."""
    said = ("command", "revision", "initialisation", "config", "metrics", "sha256")
    return {"name": run_name(folder), **{key: loaded[1].get(key) for key in said}}


def load_start(path: Path | None, config: TrainConfig) -> Loaded | None:
    """The finished model that a run starts from, or None where it starts from a file or afresh.

    What cannot be started from is refused here, before faces are read.

    Raises:
        DataError: a later stage has changed its backbone, so that its age head does not fit it.
        WeightsError: there are no weights, or those of another backbone.
    """
    if path is None:
        return None
    backbone = BACKBONES[config.backbone].build()
    if not path.is_dir():
        load_face_weights(backbone, path)
        return None
    model, manifest = load_model(path)
    become_control(model, manifest)
    start_from(backbone, model.backbone)
    return model, manifest


def check_split(manifest: dict[str, Any], config: TrainConfig, datasets: list[str]) -> None:
    """Refuse to measure on faces that a start or a teacher has learned from.

    Raises:
        ConfigError: it held out other faces of a data set of this run.
    """
    common = {row["dataset"] for row in entry(manifest, "data")} & set(datasets)
    split = {"fraction": config.validation_fraction, "seed": config.seed}
    if common and entry(manifest, "split") != split:
        raise ConfigError(
            f"A model given by --init or --teacher held out other faces of {min(common)} than this "
            "run would, which would be measured on faces it has learned from. Use the settings "
            f"seed={manifest['split']['seed']} and "
            f"validation_fraction={manifest['split']['fraction']:g}."
        )


def described_start(path: Path | None, start: Loaded | None) -> dict[str, Any] | None:
    """What the manifest says about where a run started."""
    if path is None:
        return None
    if start is None:
        return {"file": path.name, "sha256": sha256(path)}
    manifest = start[1]
    return {"name": run_name(path), **age_stage(manifest), "sha256": manifest["sha256"]}


def initialise(model: AgeModel, *, path: Path | None, start: Loaded | None) -> None:
    """Give a fresh model the weights that its run starts from."""
    if start is not None:
        start_from(model.backbone, start[0].backbone)
        model.head.load_state_dict(start[0].head.state_dict())
    elif path is not None:
        load_face_weights(model.backbone, path)
