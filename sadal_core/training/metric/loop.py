"""The metric stage, from the start or from where it was stopped."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sadal_core.training.checkpoint import (
    append_record,
    load_checkpoint,
    save_checkpoint,
    write_settings,
)
from sadal_core.training.distributed import leads, of_first
from sadal_core.training.metric.callbacks import Callback
from sadal_core.training.metric.observe import Probe, Validation, epoch_record, validate
from sadal_core.training.metric.run import Best, MetricRun
from sadal_core.training.metric.sources import Source
from sadal_core.training.metric.terms import Tally

_CHECKPOINT_STEPS = 100


def fit_metric(
    run: MetricRun,
    held_out: Source,
    folder: Path,
    *,
    probe: Probe,
    callbacks: Sequence[Callback] = (),
    about: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Train `run` to its end, writing settings, checkpoints and metrics to `folder`.

    A run that was stopped at any point continues from its last checkpoint and ends with the
    same weights as an unbroken one on the same machine. At the end the networks have the weights
    of the best epoch of the last phase. Processes that `torchrun` has started share each batch, and
    end with the weights of one process up to rounding.

    Args:
        run: from `start_run`.
        held_out: faces that choose the best epoch.
        folder: of the run.
        probe: what is looked at after every epoch.
        callbacks: told after every batch and every epoch, in the first process.
        about: what else is stored beside the settings.

    Raises:
        DataError: `folder` holds a run with other settings, or a damaged one.
    """
    load_checkpoint(folder, run.config, run)
    write_settings(folder, run.config, about)
    while not run.finished:
        terms = run.advance()
        for callback in callbacks if leads() else ():
            callback.on_step_end(run, terms)
        if run.between_epochs:
            _end_epoch(run, held_out, folder, probe, callbacks)
        if run.between_epochs or run.step % _CHECKPOINT_STEPS == 0:
            save_checkpoint(folder, run.config, run)
    if run.best.weights:
        run.load_weights(run.best.weights)


def _end_epoch(
    run: MetricRun, held_out: Source, folder: Path, probe: Probe, callbacks: Sequence[Callback]
) -> None:
    validation = Validation(*of_first(lambda: validate(run, held_out)))
    epoch, last = run.epoch - 1, run.config.phase(run.config.epochs - 1)
    # Of two equal errors the later epoch counts: in it the generator has learned more.
    if run.config.phase(epoch) is last and validation.mae <= run.best.error:
        run.best = Best(validation.mae, epoch, run.weights())
    if leads():
        sight = probe.look(run)
        record = epoch_record(run, probe.report(sight), validation)
        append_record(folder, record)
        for callback in callbacks:
            callback.on_epoch_end(run, sight, record)
    run.tally = Tally()
