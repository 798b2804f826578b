"""Epochs over the training faces: who is drawn, and how each view of a face is varied."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from sadal_core.ages import OLDEST, gaussian_labels
from sadal_core.backbones import BackboneSpec
from sadal_core.training.augment import augment
from sadal_core.training.config import TrainConfig
from sadal_core.training.distributed import share
from sadal_core.training.faces import FaceSet

_SMOOTHING_YEARS = 2.0  # ages are counted over neighbours before rare ones are drawn more often


class Batch(NamedTuple):
    """One step's faces: crops cut to size, true ages in years, label distributions.

    And what teachers said of the unchanged faces, where they were asked.
    """

    crops: UInt8[np.ndarray, "batch side side 3"]
    ages: Float[Tensor, " batch"]
    labels: Float[Tensor, "batch ages"]
    taught: Float[Tensor, "batch ages"] | None = None


class _Draw(NamedTuple):
    """One face of an epoch: with the seed it decides the view, wherever it is made."""

    epoch: int
    position: int
    face: int
    other: int  # face that it is mixed with
    share: float  # of the view that is the first face


def draw_weights(ages: np.ndarray, balance: float) -> np.ndarray:
    r"""Probability of drawing each face, :math:`\propto n(y)^{-b}`.

    n(y) counts faces by age, smoothed over neighbouring years, so that b = 0 draws faces as
    they come and b = 1 draws all ages about equally often.
    """
    years = np.clip(np.round(ages), 0, OLDEST).astype(int)
    counts = np.bincount(years, minlength=OLDEST + 1).astype(float)
    offsets = np.subtract.outer(np.arange(OLDEST + 1), np.arange(OLDEST + 1))
    kernel = np.exp(-0.5 * (offsets / _SMOOTHING_YEARS) ** 2)
    smooth = kernel @ counts / kernel.sum(axis=1)
    weights = np.maximum(smooth[years], 1e-9) ** -balance
    return weights / weights.sum()


class Epochs:
    """Batches of every epoch of a run.

    Draws and views depend on the seed, the epoch and the position alone, so that a resumed epoch
    goes on with exactly the batches that an unbroken one would have seen, whatever the workers.
    Of several processes each makes its share of every batch.

    With `TrainConfig.mixing` above 0 each view is :math:`s x + (1 - s) x'` of two faces drawn, s
    from a Beta distribution; ages, labels and what teachers say are mixed in the same shares (Zhang
    et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018, eq. 1).

    Args:
        faces: to train on.
        spec: of the backbone that is trained.
        config: settings of the run.
        taught: what teachers say of each face, where they were asked about unchanged faces.
        workers: processes that make views; 0 makes them in this one.
    """

    def __init__(
        self,
        faces: FaceSet,
        spec: BackboneSpec,
        config: TrainConfig,
        *,
        taught: Float[Tensor, "faces ages"] | None = None,
        workers: int = 0,
    ) -> None:
        self._faces, self._config, self._taught = faces, config, taught
        self._ages = torch.from_numpy(faces.ages)
        self._weights = draw_weights(faces.ages, config.age_balance)
        self._order = _Order()
        self._loader = DataLoader(
            _Views(faces, spec, config),
            batch_sampler=self._order,
            collate_fn=_stacked,
            num_workers=workers,
            persistent_workers=workers > 0,
            worker_init_fn=_quiet,
            generator=torch.Generator(),  # dropout's would be drawn from, and resumed runs differ
        )

    def __len__(self) -> int:
        """Batches in an epoch: the full ones, at least one."""
        return max(1, len(self._faces) // self._config.batch_size)

    def batches(self, epoch: int, *, first: int = 0) -> Iterator[Batch]:
        """Batches `first`, `first` + 1, ... of one epoch."""
        rows, size = self._drawn(epoch), self._config.batch_size
        starts = [step * size for step in range(first, len(self))]
        self._order.batches = [share(rows[start : start + size]) for start in starts]
        labels = gaussian_labels(self._ages, sigma=self._config.label_sigma)
        for batch, crops in zip(self._order.batches, self._loader, strict=True):
            taught = None if self._taught is None else _mixed(self._taught, batch)
            yield Batch(crops.numpy(), _mixed(self._ages, batch), _mixed(labels, batch), taught)

    def _drawn(self, epoch: int) -> list[_Draw]:
        """Who is seen in an epoch, in order, and with whom each face is mixed."""
        config, count = self._config, len(self._faces)
        rng = np.random.default_rng((config.seed, epoch))
        faces = rng.choice(count, count, p=self._weights)
        others, shares = faces, np.ones(count)
        if config.mixing > 0:
            others, shares = rng.permutation(faces), rng.beta(config.mixing, config.mixing, count)
        columns = (faces.tolist(), others.tolist(), shares.tolist())
        return [_Draw(epoch, number, *row) for number, row in enumerate(zip(*columns, strict=True))]


def _mixed(of_faces: Float[Tensor, "faces ..."], batch: list[_Draw]) -> Float[Tensor, "batch ..."]:
    """Rows of both faces of each view, weighed by their shares in it."""
    shares = torch.tensor([row.share for row in batch], dtype=of_faces.dtype)
    shares = shares.view(-1, *[1] * (of_faces.ndim - 1))
    first = of_faces[[row.face for row in batch]]
    return shares * first + (1 - shares) * of_faces[[row.other for row in batch]]


class _Order:
    """Batches of draws, set anew for every epoch while the worker processes stay."""

    def __init__(self) -> None:
        self.batches: list[list[_Draw]] = []

    def __iter__(self) -> Iterator[list[_Draw]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


class _Views(Dataset[np.ndarray]):
    def __init__(self, faces: FaceSet, spec: BackboneSpec, config: TrainConfig) -> None:
        self._faces, self._crop = faces, spec.crop
        self._seed, self._changes = config.seed, config.changes

    def __getitem__(self, draw: _Draw) -> np.ndarray:
        rng = np.random.default_rng((self._seed, draw.epoch, draw.position))
        view = self._view(draw.face, rng)
        if draw.share == 1:
            return view
        return cv2.addWeighted(view, draw.share, self._view(draw.other, rng), 1 - draw.share, 0)

    def _view(self, face: int, rng: np.random.Generator) -> np.ndarray:
        return augment(self._faces.image(face), self._crop, rng, self._changes)


def _stacked(views: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(views))


def _quiet(worker: int) -> None:
    """One thread for each worker, of which there are many."""
    cv2.setNumThreads(0)
