"""The control of a finished model: what its age stage had made before the metric stage."""

from typing import Any

from sadal_core.cli.train_metric import age_stage
from sadal_core.errors import DataError
from sadal_core.manifest import entry
from sadal_core.model import AgeModel
from sadal_core.weights import stored_calibration


def become_control(model: AgeModel, manifest: dict[str, Any]) -> None:
    """Leave of `model` what the age stage made.

    Raises:
        DataError: the metric stage has changed the backbone, so that the old head does not fit it.
    """
    if "age_stage" in manifest and entry(manifest, "config").get("backbone") == "tuned":
        raise DataError(
            "The metric stage of this model has tuned its backbone, so that the head of the age "
            "stage is no control any more. Evaluate the model of the age stage instead."
        )
    model.metric = model.ranker = None
    described = age_stage(manifest)
    model.temperature = described["temperature"]
    model.calibration = stored_calibration(described)
