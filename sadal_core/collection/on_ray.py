"""Shards made on the machines of a Ray cluster. The only module that knows Ray.

Ray's workers get the entries of pictures and give back the bytes of shards: they have to see the
pictures and the model under the same paths, but never the folder that is written.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

from sadal_core.collection.execution import WORKER_DIED, Execute
from sadal_core.collection.shard import Made, Recipe, ShardMaker, Task
from sadal_core.errors import ConfigError, DataError, SadalError

LOCAL: Final = "local"  # a Ray of this machine alone, which ends with the command


def on_ray(address: str, workers: int | None) -> Execute:
    """Makes a shard in each of so many workers of a cluster.

    Args:
        address: of the cluster, "auto" for the one that this machine belongs to, or `LOCAL`.
        workers: by default one per core of the cluster.

    Raises:
        ConfigError: Ray is not installed, or there is no cluster at the address.
    """
    ray = _ray()

    def execute(recipe: Recipe, tasks: Iterable[Task]) -> Iterator[Made]:
        with _connected(ray, address, workers):
            count = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
            maker = ray.remote(num_cpus=1, max_restarts=0)(ShardMaker)
            idle = [maker.remote(recipe, threads=1) for _ in range(count)]
            try:
                yield from _as_finished(ray, idle, iter(tasks))
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, SadalError):
                    raise error.cause from None
                raise
            except (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError) as error:
                raise DataError(WORKER_DIED) from error

    return execute


def _as_finished(ray: Any, idle: list[Any], tasks: Iterator[Task]) -> Iterator[Made]:
    running: dict[Any, Any] = {}
    while True:
        for task in islice(tasks, len(idle)):
            worker = idle.pop()
            running[worker.make.remote(task)] = worker
        if not running:
            return
        (done, *_), _ = ray.wait(list(running), num_returns=1)
        idle.append(running.pop(done))
        yield ray.get(done)


@contextmanager
def _connected(ray: Any, address: str, workers: int | None) -> Iterator[None]:
    started: dict[str, Any] = {"num_cpus": workers} if address == LOCAL else {}
    try:
        ray.init(
            address=address, include_dashboard=False if address == LOCAL else None,
            configure_logging=True, logging_level=logging.ERROR, log_to_driver=False, **started,
        )  # fmt: skip
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"No Ray answers at {address!r} ({error}). Start one with `ray start --head`, "
            "or leave the address out."
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _ray() -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # else it tells its makers about every cluster
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise ConfigError("--ray needs the package ray: pip install 'sadal[ray]'.") from None
    return ray
