"""What may look on while a metric is trained."""

from typing import Any, Protocol, runtime_checkable

from sadal_core.training.metric.observe import Sight
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
