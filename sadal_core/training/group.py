"""How the processes that `torchrun` starts find each other, and how they end.

What they do together is in `distributed`; no other modules know torch's functions for it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore, Store, get_node_local_rank
from torch.distributed.rendezvous import rendezvous

from sadal_core.errors import ConfigError, ProcessLostError, SadalError

# The first process may crop a whole data set while the others wait; torchrun itself notices a
# process that has ended, whatever the limit.
_PATIENCE: Final = timedelta(days=1)
_LISTENING: Final = 0.02  # s between two looks at what the other processes have said


@contextmanager
def together() -> Iterator[None]:
    """The group of processes that `torchrun` has started, for the block; without it, one alone.

    Where there is a group already, the block is in that. A device is chosen for each process: the
    GPU of its number on this machine, where there are any. An error is raised in the process that
    meets one first; the others end without a word, since theirs is the same or its consequence.

    Raises:
        ConfigError: more processes than GPUs on this machine.
        ProcessLostError: another process has ended in the middle of the training.
    """
    if not dist.is_available() or dist.is_initialized() or not dist.is_torchelastic_launched():
        yield
        return
    meeting, rank, size = next(rendezvous("env://", timeout=_PATIENCE))
    store = _of_this_attempt(meeting, rank, size)
    try:
        backend = _take_device()
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=_PATIENCE)
        yield
        dist.destroy_process_group()  # after an error it could wait for those who have ended
    except (SadalError, KeyboardInterrupt):
        _only_the_first(store)
        raise
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "gloo" not in str(error):
            raise
        _only_the_first(store)
        raise ProcessLostError(
            "Another process of this training has ended. The same command goes on from the last "
            "checkpoint; with --max-restarts, torchrun gives it by itself."
        ) from error


def _of_this_attempt(store: Store, rank: int, size: int) -> Store:
    """The part of torchrun's store that only the processes of this attempt know of.

    The store outlives a restart, so that a process could find the address of one that has ended.
    Therefore each leaves a word that was never said before, and waits until the first process has
    answered just that with the name of the attempt. Counts of restarts would not do: machines count
    their own.
    """
    own = uuid4().hex
    if rank > 0:
        store.set(f"word/{rank}", own)
        name = store.get(f"answer/{own}").decode()
        store.add(f"heard/{name}", 1)
        return PrefixStore(name, store)
    while store.add(f"heard/{own}", 0) < size - 1:
        for other in range(1, size):
            store.set(f"answer/{store.get(f'word/{other}').decode()}", own)
        time.sleep(_LISTENING)
    return PrefixStore(own, store)


def _take_device() -> str:
    """Choose the GPU of this process, if there are any; the backends for what it computes on."""
    if not torch.cuda.is_available():
        return "gloo"
    here, gpus = get_node_local_rank(), torch.cuda.device_count()
    if here >= gpus:
        raise ConfigError(
            f"This machine has {gpus} GPU{'s' * (gpus > 1)}, and each process needs one. "
            f"Take --nproc-per-node {gpus}."
        )
    torch.cuda.set_device(here)
    return "cpu:gloo,cuda:nccl"


def _only_the_first(store: Any) -> None:
    """End this process in silence if another one has failed before."""
    if store.add("failed", 1) > 1:
        raise SystemExit(2)
