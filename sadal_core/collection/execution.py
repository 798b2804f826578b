"""Where shards are made: on threads here, or in processes of this machine (`on_ray`: on many)."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import Final

from sadal_core.collection.shard import Made, Recipe, ShardMaker, Task
from sadal_core.data.shards import end_with_parent
from sadal_core.errors import DataError
from sadal_core.pipeline import AgeEstimator

Execute = Callable[[Recipe, Iterable[Task]], Iterator[Made]]
WORKER_DIED: Final = (
    "A worker has died (was it killed, or out of memory?). The finished shards are kept: give the "
    "same command again, with fewer --workers if memory was short."
)


def on_threads(estimator: AgeEstimator, threads: int | None, each: Callable[[], object]) -> Execute:
    """Makes one shard after the other in this process, its pictures on several threads.

    Args:
        estimator: with the model of the recipe.
        threads: one per core by default.
        each: called after every picture.
    """

    def execute(recipe: Recipe, tasks: Iterable[Task]) -> Iterator[Made]:
        with ShardMaker(recipe, threads=threads, estimator=estimator) as maker:
            for task in tasks:
                yield maker.make(task, each)

    return execute


def in_processes(workers: int | None) -> Execute:
    """Makes a shard in each of so many processes, one per core by default, which share nothing.

    Shards come as they are finished. Raises DataError when one of the processes has died.
    """

    def execute(recipe: Recipe, tasks: Iterable[Task]) -> Iterator[Made]:
        # Spawned, not forked: MediaPipe's threads do not survive a fork.
        count = workers or os.cpu_count() or 1
        pool = ProcessPoolExecutor(
            count, mp_context=get_context("spawn"), initializer=_begin, initargs=(recipe,)
        )
        try:
            with pool:
                yield from _as_finished(pool, iter(tasks), ahead=2 * count)
        except BrokenProcessPool as error:
            raise DataError(WORKER_DIED) from error

    return execute


def _as_finished(pool: ProcessPoolExecutor, tasks: Iterator[Task], ahead: int) -> Iterator[Made]:
    """Results as they come; no more tasks are read than keep the workers busy."""
    running: set[Future[Made]] = {pool.submit(_make, task) for task in islice(tasks, ahead)}
    try:
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(_make, task) for task in islice(tasks, len(done))}
            for future in done:
                yield future.result()
    finally:
        for future in running:
            future.cancel()


_maker: ShardMaker | None = None  # of a worker process, which does nothing else


def _begin(recipe: Recipe) -> None:
    """Note in a worker process what it is for."""
    global _maker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command's own process ends its workers
    end_with_parent()
    _maker = ShardMaker(recipe, threads=1)


def _make(task: Task) -> Made:
    assert _maker is not None
    return _maker.make(task)
