"""Several processes that train one model, as `torchrun` starts them.

Every process holds the whole run, draws the whole batch, and works on its share of it. What is
computed from the shares is put together again, so that the run is that of one process up to
rounding; the first process alone writes. Without `torchrun` everything here is a group of one, and
each function hands back what it is given.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import get_node_local_rank
from torch.nn.parallel import DistributedDataParallel

from sadal_core.errors import ConfigError

Rows = TypeVar("Rows", list[Any], np.ndarray, Tensor)
Made = TypeVar("Made")


def size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Which of them this one is, from 0."""
    return dist.get_rank() if size() > 1 else 0


def leads() -> bool:
    """Whether this is the first process: the one that writes, and that speaks."""
    return rank() == 0


def check_shares(count: int) -> None:
    """Refuse a batch of `count` rows whose shares would differ in size.

    Means over shares are averaged, which is the mean over the batch only if all are as large.

    Raises:
        ConfigError: the number of processes does not divide it.
    """
    if count % size():
        raise ConfigError(
            f"A batch of {count} cannot be shared evenly by {size()} processes. Take another "
            f"--nproc-per-node, or a batch_size that {size()} divides."
        )


def share(batch: Rows) -> Rows:
    """The rows of a batch that this process works on: the shares of all, in order, are the batch.

    Raises:
        ConfigError: see `check_shares`.
    """
    check_shares(len(batch))
    each = len(batch) // size()
    return batch[rank() * each : (rank() + 1) * each]


class _Held(nn.Module):
    """Hands a loss through, and holds the parameters of which it is the loss.

    `DistributedDataParallel` has to be called before each backward pass and needs nothing else of
    a module: so a step stays as it is for one process, however often it runs which network.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        super().__init__()
        self.held = nn.ParameterList(parameters)

    def forward(self, loss: Tensor) -> Tensor:
        return loss


def averaging(optimizer: torch.optim.Optimizer | None) -> Callable[[Tensor], Tensor]:
    """Takes a loss before its backward pass: the gradients are then the mean over the processes.

    Args:
        optimizer: of the parameters that have the gradients. Those that need none now are left
            out, and each of the others must take part in every loss. None has nothing to average.
    """
    if size() == 1 or optimizer is None:
        return _unchanged
    held = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
    return DistributedDataParallel(_Held(held))


def _unchanged(loss: Tensor) -> Tensor:
    return loss


class _Sum(torch.autograd.Function):
    """Sum over the processes, of which each loss may make use."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        whole = own.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        whole = gradients[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(whole)
        return whole


def mean_of_all(own: Tensor) -> Tensor:
    """Mean over the processes, in the graph of each."""
    if size() == 1:
        return own
    summed: Any = _Sum.apply(own)
    return summed / size()


def gathered(own: Tensor) -> Tensor:
    """The columns of all processes in order, (..., rows) to (..., batch); without a graph."""
    if size() == 1:
        return own
    parts = [torch.empty_like(own) for _ in range(size())]
    dist.all_gather(parts, own)
    return torch.cat(parts, dim=-1)


def of_first(make: Callable[[], Any]) -> Any:
    """What `make` gives in the first process, which alone calls it; elsewhere as JSON has it."""
    if size() == 1:
        return make()
    made = make() if leads() else None
    text = torch.tensor(list(json.dumps(made).encode()), dtype=torch.uint8)
    length = torch.tensor([len(text)])
    dist.broadcast(length, src=0)
    if not leads():
        text = torch.empty(int(length), dtype=torch.uint8)
    dist.broadcast(text, src=0)
    return made if leads() else json.loads(bytes(text.tolist()))


def in_turns(make: Callable[[], Made]) -> Made:
    """What `make` gives, for what is kept on the disk by the first who makes it.

    The first process has the first turn, then one of each other machine, which may have a disk of
    its own, then the rest.
    """
    if size() == 1:
        return make()
    mine = 0 if leads() else 1 if get_node_local_rank() == 0 else 2
    made: list[Made] = []
    for turn in range(3):
        if turn == mine:
            made.append(make())
        dist.all_reduce(torch.zeros(1))
    return made[0]
