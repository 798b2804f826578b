"""The age stage, from the start or from where it was stopped, to a model folder."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sadal_core.data.crops import Crops
from sadal_core.evaluation.predict import age_logits, predictions
from sadal_core.model import AgeModel
from sadal_core.training.checkpoint import (
    append_record,
    load_checkpoint,
    save_checkpoint,
    write_settings,
)
from sadal_core.training.config import TrainConfig
from sadal_core.training.devices import device
from sadal_core.training.distributed import (
    averaging,
    check_shares,
    mean_of_all,
    of_first,
    rank,
    size,
)
from sadal_core.training.faces import FaceSet, face_sets
from sadal_core.training.finish import SplitSettings, finish
from sadal_core.training.run import Run
from sadal_core.training.steps import (
    LossTerms,
    WeightAverage,
    make_optimizer,
    set_mode,
    set_rates,
    train_step,
)
from sadal_core.training.strided import with_fast_gradients
from sadal_core.training.teachers import check_teachers, taught_on_faces
from sadal_core.training.views import Epochs
from sadal_core.training.whole_batch import as_one_batch

_CHECKPOINT_STEPS = 100

Progress = Callable[[int, int, str], None]  # steps done, steps in all, what to say


@dataclass(frozen=True)
class Origin:
    """What a run starts from, and whom it follows.

    Attributes:
        initialise: gives a fresh model its initial weights.
        teachers: finished models that the model follows by `TrainConfig.distillation`.
    """

    initialise: Callable[[AgeModel], None] = lambda model: None
    teachers: Sequence[AgeModel] = ()


def fit(
    parts: list[Crops],
    config: TrainConfig,
    folder: Path,
    *,
    origin: Origin = Origin(),
    workers: int = 0,
    about: dict[str, Any],
    progress: Progress = lambda done, total, text: None,
) -> dict[str, Any]:
    """Train on `parts`, writing checkpoints, metrics and the finished model to `folder`.

    A run that was stopped at any point continues from its last checkpoint and ends with the
    same weights as an unbroken one on the same machine. Processes that `torchrun` has started
    share each batch, and end with the weights of one process up to rounding.

    Args:
        parts: crops of each data set.
        config: settings; stored with the run.
        folder: of the run; `folder / "model"` is the finished model.
        origin: what the model starts from and follows.
        workers: processes that vary the faces; 0 does it in this one.
        about: what else the manifest should say (revision, versions, initialisation).
        progress: told after every step.

    Returns:
        The manifest of the finished model.

    Raises:
        ConfigError: see `check_teachers`; a batch that cannot be shared evenly by the processes.
        DataError: too few faces, or `folder` holds a run with other settings.
    """
    check_teachers(origin.teachers, config)
    check_shares(config.batch_size)
    config = replace(config, precision=of_first(lambda: _precision(config)))
    train, validation = face_sets(parts, fraction=config.validation_fraction, seed=config.seed)
    run = _start(config, origin.initialise)
    load_checkpoint(folder, config, run)
    write_settings(folder, config, about)
    teachers, taught = [teacher.to(device()).eval() for teacher in origin.teachers], None
    if teachers and config.taught_on == "face":
        teachers, taught = [], taught_on_faces(teachers, train)
    epochs = Epochs(train, run.model.spec, config, taught=taught, workers=workers)
    total = len(epochs) * config.epochs
    while run.step < total:
        epoch = run.step // len(epochs)
        _train_epoch(run, epochs, config, teachers, folder, progress)
        if (epoch + 1) % config.validate_every == 0 or run.step == total:
            error = _validation_error(run.average.model, validation)
            append_record(folder, {"step": run.step, "epoch": epoch, "validation_mae": error})
            text = f"epoch {epoch + 1}/{config.epochs} validation MAE {error:.2f} years"
            progress(run.step, total, text)
        save_checkpoint(folder, config, run)
    split = SplitSettings(config.validation_fraction, config.seed)
    about = {**about, "config": asdict(config)}
    made = run.average.model
    return of_first(lambda: finish(made, parts, split, folder / "model", about=about))


def _start(config: TrainConfig, initialise: Callable[[AgeModel], None]) -> Run:
    torch.manual_seed(config.seed)  # initial weights and dropout draw from torch's generator
    model = AgeModel(config.backbone, dropout=config.dropout)
    initialise(model)
    as_one_batch(model, device())
    if config.precision == "bfloat16" and device().type == "cpu":
        with_fast_gradients(model)
    model.to(device()).to(memory_format=torch.channels_last)
    torch.backends.cudnn.benchmark = True  # every batch has the same shape
    return Run(model, WeightAverage(model, config.average_decay), make_optimizer(model, config))


def _train_epoch(
    run: Run,
    epochs: Epochs,
    config: TrainConfig,
    teachers: Sequence[AgeModel],
    folder: Path,
    progress: Progress,
) -> None:
    """The rest of the epoch that `run` is in."""
    total = len(epochs) * config.epochs
    epoch, first = divmod(run.step, len(epochs))
    set_mode(run.model, config, epoch)
    averaged = averaging(run.optimizer)  # of what learns in this epoch
    recent: list[LossTerms] = []
    for batch in epochs.batches(epoch, first=first):
        set_rates(run.optimizer, config, run.step / total)
        recent.append(train_step(run.model, batch, run.optimizer, config, teachers, averaged))
        run.average.update(run.model, run.step)
        run.step += 1
        terms = LossTerms(*np.mean(recent, axis=0).tolist())
        text = f"epoch {epoch + 1}/{config.epochs} training error {terms.error:.2f} years"
        progress(run.step, total, text)
        if run.step % _CHECKPOINT_STEPS == 0 and run.step % len(epochs):
            append_record(folder, {"step": run.step, "epoch": epoch, **terms._asdict()})
            save_checkpoint(folder, config, run)
            recent.clear()  # so that a resumed run records the same means


def _validation_error(model: AgeModel, validation: FaceSet) -> float:
    """MAE on held-out faces, of which each process measures some."""
    own = range(rank(), len(validation), size())
    logits = age_logits(model, [validation.image(index) for index in own])
    made = predictions(model, logits, validation.ages[own.start :: own.step])
    total = torch.tensor(np.abs(made.age - made.true).sum())
    return float(mean_of_all(total)) * size() / len(validation)


def _precision(config: TrainConfig) -> str:
    """The precision that "auto" stands for on this machine."""
    if config.precision != "auto":
        return config.precision
    on_gpu = device().type == "cuda"
    able = torch.cuda.is_bf16_supported() if on_gpu else torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if able else "float32"
