"""How a group is formed and how it ends; without processes."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import torch
import torch.distributed as dist

from sadal_core.errors import ConfigError, DataError, ProcessLostError
from sadal_core.training import group
from sadal_core.training.group import together


class Store:
    """In the place of the one that the processes share; so many have failed before."""

    def __init__(self, failed: int) -> None:
        self.failed = failed

    def add(self, key: str, amount: int) -> int:
        self.failed += amount
        return self.failed


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Store:
    """This process as one that torchrun has started, in a group of two."""
    store = Store(0)
    monkeypatch.setattr(group.dist, "is_torchelastic_launched", lambda: True)
    monkeypatch.setattr(group, "rendezvous", lambda *_, **__: iter([(store, 0, 2)]))
    monkeypatch.setattr(group, "_of_this_attempt", lambda found, rank, size: found)
    for name in ("init_process_group", "destroy_process_group"):
        monkeypatch.setattr(group.dist, name, lambda *_, **__: None)
    return store


LOST = RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1")


@pytest.mark.parametrize(
    ("met", "raised", "words"),
    [
        (LOST, ProcessLostError, "Another process of this training has ended. The same command"),
        (DataError("no faces"), DataError, "no faces"),
        (RuntimeError("a fault of the program"), RuntimeError, "a fault"),
    ],
)
@pytest.mark.usefixtures("launched")
def test_an_error_says_what_is_wrong(met: Exception, raised: type[Exception], words: str) -> None:
    with pytest.raises(raised, match=words), together():
        raise met


@pytest.mark.parametrize("met", [LOST, DataError("no faces"), KeyboardInterrupt()])
def test_only_the_first_process_that_meets_an_error_says_so(
    met: BaseException, launched: Store
) -> None:
    launched.failed = 1
    with pytest.raises(SystemExit) as ended, together():
        raise met
    assert ended.value.code == 2


@pytest.mark.parametrize(("gpus", "words"), [(1, "1 GPU, and"), (2, "2 GPUs, and")])
@pytest.mark.usefixtures("launched")
def test_more_processes_than_gpus_are_refused(
    gpus: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(group, "get_node_local_rank", lambda: gpus)
    with pytest.raises(ConfigError, match=words), together():
        pass


@pytest.mark.usefixtures("launched")
def test_each_process_takes_the_gpu_of_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Any] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    monkeypatch.setattr(group, "get_node_local_rank", lambda: 1)
    monkeypatch.setattr(
        group.dist, "init_process_group", lambda backend, **_: taken.append(backend)
    )
    with together():
        pass
    assert taken == [1, "cpu:gloo,cuda:nccl"]


def test_processes_of_an_attempt_meet_apart_from_what_others_have_left() -> None:
    """As after a restart: words, answers and addresses of processes that have ended are there."""
    store = dist.HashStore()  # pyright: ignore[reportPrivateImportUsage]
    for attempt in range(3):
        store.set("word/1", "of one that has ended after it came")
        with ThreadPoolExecutor(3) as pool:
            found = list(pool.map(partial(group._of_this_attempt, store, size=3), range(3)))
        found[1].set("address", str(attempt))
        assert [part.get("address") for part in found] == [str(attempt).encode()] * 3
