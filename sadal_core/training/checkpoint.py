"""The state of a run on disk: written whole, read without executing anything from the file."""

import json
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from sadal_core.errors import DataError
from sadal_core.files import replacing
from sadal_core.model import AgeModel
from sadal_core.training.config import TrainConfig
from sadal_core.training.devices import random_state, set_random_state
from sadal_core.training.steps import WeightAverage

_STATE, _RECORDS = "state.pt", "metrics.jsonl"


@dataclass
class Run:
    """What changes while training: the model, its average, the optimizer, the steps done."""

    model: AgeModel
    average: WeightAverage
    optimizer: torch.optim.Optimizer
    step: int = 0


def save_checkpoint(folder: Path, config: TrainConfig, run: Run) -> None:
    """Everything needed to go on: steps done, weights, averages, optimizer, dropout's generator."""
    state = {
        "config": asdict(config),
        "position": {"step": run.step},
        "model": run.model.state_dict(),
        "average": run.average.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "generator": random_state(),
    }
    with replacing(folder / _STATE) as temporary:
        torch.save(state, temporary)


def load_checkpoint(folder: Path, config: TrainConfig, run: Run) -> None:
    """Bring `run` to where the run in `folder` was stopped; a new folder leaves it as it is.

    Metrics that were recorded after the checkpoint are dropped: those steps are done again.

    Raises:
        DataError: the file is damaged, or belongs to a run with other settings.
    """
    path = folder / _STATE
    if path.exists():
        try:
            state = torch.load(path, weights_only=True, map_location="cpu")
            _require_same(config, state["config"], folder)
            run.model.load_state_dict(state["model"])
            run.average.model.load_state_dict(state["average"])
            run.optimizer.load_state_dict(state["optimizer"])
            set_random_state(state["generator"])
            run.step = state["position"]["step"]
        except _DAMAGE as error:
            raise DataError(f"{path} is damaged. Delete it to start the run again.") from error
    _drop_records_after(folder / _RECORDS, run.step)


def append_record(folder: Path, record: dict[str, Any]) -> None:
    """One line of JSON at the end of the run's metrics."""
    with (folder / _RECORDS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, EOFError, pickle.UnpicklingError)


def _require_same(config: TrainConfig, stored: dict[str, Any], folder: Path) -> None:
    changed = [key for key, value in asdict(config).items() if stored.get(key) != value]
    if changed:
        raise DataError(
            f"{folder} holds a run with another {', '.join(changed)}. "
            "Choose another --out folder, or delete this one."
        )


def _drop_records_after(path: Path, step: int) -> None:
    if not path.exists():
        return
    lines = path.read_text("utf-8").splitlines()
    # A line that was being written when the run was killed does not end with a brace.
    kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= step]
    with replacing(path) as temporary:
        temporary.write_text("".join(line + "\n" for line in kept), "utf-8")
