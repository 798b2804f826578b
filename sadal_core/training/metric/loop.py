"""The metric stage, from the start or from where it was stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sadal_core.files import write_json
from sadal_core.training.checkpoint import append_record, load_checkpoint, save_checkpoint
from sadal_core.training.metric.callbacks import Callback
from sadal_core.training.metric.observe import Probe, epoch_record, validate
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
    of the best epoch of the last phase.

    Args:
        run: from `start_run`.
        held_out: faces that choose the best epoch.
        folder: of the run.
        probe: what is looked at after every epoch.
        callbacks: told after every batch and every epoch.
        about: what else is stored beside the settings.

    Raises:
        DataError: `folder` holds a run with other settings, or a damaged one.
    """
    load_checkpoint(folder, run.config, run)
    write_json(folder / "config.json", {**about, "config": asdict(run.config)})
    while not run.finished:
        terms = run.advance()
        for callback in callbacks:
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
    sight, validation = probe.look(run), validate(run, held_out)
    record = epoch_record(run, probe.report(sight), validation)
    run.tally = Tally()
    last = run.config.phase(run.config.epochs - 1)
    # Of two equal errors the later epoch counts: in it the generator has learned more.
    if run.config.phase(record["epoch"]) is last and validation.mae <= run.best.error:
        run.best = Best(validation.mae, record["epoch"], run.weights())
    append_record(folder, record)
    for callback in callbacks:
        callback.on_epoch_end(run, sight, record)
