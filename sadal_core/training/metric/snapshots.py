"""The metric after every epoch, on disk: with it any faces can be looked at as they were then."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from sadal_core.errors import DataError
from sadal_core.files import replacing
from sadal_core.metric import MetricModel
from sadal_core.training.metric.observe import Sight
from sadal_core.training.metric.run import MetricRun
from sadal_core.training.metric.terms import StepTerms

_PATTERN = "epoch-*.safetensors"


class Snapshots:
    """Writes f, G and the standardisation to `epoch-0001.safetensors` and so on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_step_end(self, run: MetricRun, terms: StepTerms) -> None:
        """Nothing."""

    def on_epoch_end(self, run: MetricRun, sight: Sight, record: dict[str, Any]) -> None:
        """Write the file of the epoch that has ended."""
        model = run.players.model
        tensors = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
        path = self.folder / f"epoch-{record['epoch'] + 1:04d}.safetensors"
        with replacing(path) as temporary:
            save_file(tensors, temporary, {"shape": json.dumps(model.shape())})


def recorded_metrics(folder: Path) -> Iterator[tuple[int, MetricModel]]:
    """Number of the epoch (from 1) and the metric after it, in order.

    Raises:
        DataError: there are no snapshots, or one is damaged.
    """
    paths = sorted(folder.glob(_PATTERN))
    if not paths:
        raise DataError(
            f"{folder} holds no snapshots. Give the folder of a run of the metric stage."
        )
    for path in paths:
        try:
            with safe_open(path, "pt") as file:
                model = MetricModel(**json.loads(file.metadata()["shape"]))
                model.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
            number = int(path.stem.removeprefix("epoch-"))
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise DataError(f"{path} is damaged. Run the metric stage again.") from error
        yield number, model.eval()
