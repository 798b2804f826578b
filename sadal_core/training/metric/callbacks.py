"""What may look on while a metric is trained."""

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from sadal_core.files import replacing
from sadal_core.training.metric.observe import Probe, Sight
from sadal_core.training.metric.run import MetricRun
from sadal_core.training.metric.terms import StepTerms


@runtime_checkable
class Callback(Protocol):
    """Called by the loop; it must not change the run."""

    def on_step_end(self, run: MetricRun, terms: StepTerms) -> None:
        """After every batch."""
        ...

    def on_epoch_end(self, run: MetricRun, sight: Sight, record: dict[str, Any]) -> None:
        """After every epoch, with its line of the metrics."""
        ...


class Snapshots:
    """Writes what the probe shows after every epoch to `epoch-0001.npz` and so on.

    A file holds `faces` (positions among the training faces), `ages`, `embeddings`, and for each
    synthetic negative the columns of `HardNegatives.table`, its `generated_features` and
    `generated_embeddings`; positions in these columns are positions in `faces`. Vectors are
    stored in 16 bits.
    """

    def __init__(self, folder: Path, probe: Probe) -> None:
        self.folder = folder
        self.probe = probe

    def on_step_end(self, run: MetricRun, terms: StepTerms) -> None:
        """Nothing."""

    def on_epoch_end(self, run: MetricRun, sight: Sight, record: dict[str, Any]) -> None:
        """Write the file of the epoch that has ended."""
        arrays = {
            "faces": self.probe.faces,
            "ages": self.probe.ages,
            "embeddings": sight.embeddings.astype(np.float16),
        }
        if sight.negatives is not None:
            arrays |= sight.negatives.table()
            arrays["generated_features"] = sight.negatives.features.astype(np.float16)
            arrays["generated_embeddings"] = sight.negatives.embeddings.astype(np.float16)
        path = self.folder / f"epoch-{record['epoch'] + 1:04d}.npz"
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
