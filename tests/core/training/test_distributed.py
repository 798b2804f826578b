"""What each process works on, and what a group says when something is wrong; without processes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from sadal_core.cli import main
from sadal_core.errors import ConfigError
from sadal_core.model import AgeModel
from sadal_core.training import distributed, whole_batch
from sadal_core.training.config import TrainConfig
from sadal_core.training.distributed import share
from sadal_core.training.faces import face_sets
from sadal_core.training.loop import fit
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.sources import LiveFaces, Source, StoredFeatures
from sadal_core.training.metric.start import start_run
from sadal_core.training.views import Epochs
from sadal_core.training.whole_batch import WholeBatchNorm, as_one_batch
from tests.planted import TINY, planted_crops
from tests.planted_features import planted_features

CROPS = planted_crops(120)
METRIC = MetricConfig(batch_size=12, hidden=8, dim=4, tau=0.15)


def ranks(patch: pytest.MonkeyPatch, count: int) -> Iterator[int]:
    """This process as each of several, one after the other."""
    patch.setattr(distributed, "size", lambda: count)
    for number in range(count):
        patch.setattr(distributed, "rank", lambda number=number: number)
        yield number


@pytest.mark.parametrize("count", [1, 2, 3, 4, 12])
def test_the_shares_of_all_are_the_batch(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.arange(24).reshape(12, 2)
    shares = [share(rows) for _ in ranks(monkeypatch, count)]
    assert len({part.shape for part in shares}) == 1
    assert np.array_equal(np.concatenate(shares), rows)


@pytest.mark.parametrize("live", [False, True])
def test_processes_share_the_quadruplets_of_an_epoch_and_their_views(
    live: bool, tiny: AgeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = face_sets([CROPS], fraction=0.2, seed=1)[0]
    source: Source = LiveFaces(tiny, faces) if live else StoredFeatures(planted_features())
    run = start_run(source, METRIC)
    made: list[tuple[list[int], list[int]]] = []
    varied = source.varied

    def noted(positions: np.ndarray, views: np.ndarray) -> torch.Tensor:
        made.append((positions.tolist(), views.tolist()))
        return varied(positions, views)

    monkeypatch.setattr(source, "varied", noted)
    for step in range(run.steps_per_epoch):
        run.step = step
        made.clear()
        whole = run.batch()
        with monkeypatch.context() as patch:
            parts = [run.batch() for _ in ranks(patch, 3)]
        for role, features in enumerate(whole.features):
            joined = torch.cat([part.features[role] for part in parts])
            torch.testing.assert_close(joined, features, rtol=1e-4, atol=1e-5)
        assert torch.equal(torch.cat([part.q.older for part in parts]), whole.q.older)
        pairs = [Counter(zip(*one, strict=True)) for one in made]
        assert sum(pairs[1:], Counter()) == pairs[0]
        assert all(sum(pair.values()) == 4 * 4 for pair in pairs[1:])


def test_no_anchor_is_seen_twice_in_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    run = start_run(StoredFeatures(planted_features()), METRIC)
    seen: list[int] = []

    def noted(positions: np.ndarray, views: np.ndarray) -> torch.Tensor:
        seen.extend(positions[: len(positions) // 4].tolist())
        return torch.zeros(len(positions), 12)

    monkeypatch.setattr(run.source, "varied", noted)
    for _ in ranks(monkeypatch, 2):
        for step in range(run.steps_per_epoch):
            run.step = step
            run.batch()
    assert len(seen) == len(set(seen)) == run.steps_per_epoch * METRIC.batch_size


def test_processes_share_the_faces_of_a_batch_and_their_views(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train, _ = face_sets([CROPS], fraction=0.2, seed=1)
    epochs = Epochs(train, TINY, TrainConfig(batch_size=12))
    whole = list(epochs.batches(1))
    parts = [list(epochs.batches(1)) for _ in ranks(monkeypatch, 3)]
    assert len(whole) > 3
    for batch, shares in zip(whole, zip(*parts, strict=True), strict=True):
        assert np.array_equal(np.concatenate([part.crops for part in shares]), batch.crops)
        assert torch.equal(torch.cat([part.labels for part in shares]), batch.labels)


def test_one_process_keeps_the_layers_it_has(tiny: AgeModel) -> None:
    before = list(tiny.modules())
    assert list(as_one_batch(tiny, torch.device("cpu")).modules()) == before


@pytest.mark.parametrize("count", [1, 2])
def test_batch_normalisation_over_equal_shares_is_that_of_the_whole_batch(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all shares are the same rows, their own statistics are those of the batch."""
    monkeypatch.setattr(whole_batch, "size", lambda: count)
    torch.manual_seed(0)
    rows = 3 * torch.randn(2, 3, 1, 2) + 5  # so few that the unbiased variance is another
    plain = nn.BatchNorm2d(3)
    nn.init.uniform_(plain.weight)
    nn.init.uniform_(plain.bias)
    shared = WholeBatchNorm(plain)
    for _ in range(2):
        expected = plain(rows.repeat(count, 1, 1, 1))[:2]
        torch.testing.assert_close(shared(rows), expected)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(shared.state_dict()[name], value)
    plain.eval()
    shared.eval()
    torch.testing.assert_close(shared(rows), plain(rows))


def test_a_number_of_processes_that_does_not_divide_the_batch_is_refused(
    tiny: AgeModel, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = r"A batch of 64 cannot be shared evenly by 3 processes\. Take another --nproc-per-node"
    monkeypatch.setattr(distributed, "size", lambda: 3)
    with pytest.raises(ConfigError, match=words):
        fit([CROPS], TrainConfig(backbone="tiny"), tmp_path, about={})
    with pytest.raises(ConfigError, match=words):
        start_run(StoredFeatures(planted_features()), replace(METRIC, batch_size=64))
    assert not list(tmp_path.iterdir())


def test_commands_that_would_be_done_twice_are_refused(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sadal_core.cli.size", lambda: 2)
    assert main(["estimate", str(tmp_path), "--out", str(tmp_path / "ages.csv")]) == 2
    assert "Give estimate without torchrun." in capsys.readouterr().err
