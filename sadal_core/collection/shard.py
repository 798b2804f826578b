"""One shard: from the entries of some pictures to the bytes of its file.

This is the unit of work, the same on threads, in processes and on other machines, so that the
result does not depend on where it was made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sadal_core.batch import PicturePool
from sadal_core.collection.listing import Entry, pictures_of
from sadal_core.collection.table import TableBuilder, schema
from sadal_core.errors import WeightsError
from sadal_core.model import AgeModel
from sadal_core.pipeline import AgeEstimator


@dataclass(frozen=True)
class Recipe:
    """All that a worker has to know beside the pictures.

    Attributes:
        model: absolute path of the model's folder.
        model_sha256: of its weights.
        widths: numbers in each vector that is stored.
        precision: bits of these numbers.
        base: folder from which relative paths of pictures are meant.
        metadata: kept in every file.
    """

    model: Path
    model_sha256: str
    widths: Mapping[str, int]
    precision: int
    base: Path
    metadata: Mapping[str, str]


class Task(NamedTuple):
    """A shard that is to be made."""

    number: int
    entries: tuple[Entry, ...]


class Made(NamedTuple):
    """A shard that was made.

    Attributes:
        number: of the shard.
        content: of its Parquet file.
        counts: "pictures", "read" (those that are pictures), "faces" and "rows".
    """

    number: int
    content: bytes
    counts: dict[str, int]


class ShardMaker:
    """Makes shards one after the other with one model; a context manager.

    The model is loaded with the first of them, so that a worker elsewhere can say what is wrong
    with it as it says everything else.
    """

    def __init__(
        self, recipe: Recipe, *, threads: int | None = None, estimator: AgeEstimator | None = None
    ) -> None:
        """Note what is to be done.

        Args:
            recipe: of all shards.
            threads: one per core by default.
            estimator: with the recipe's model, where it is already loaded.
        """
        self._recipe, self._threads, self._estimator = recipe, threads, estimator
        self._schema = schema(recipe.widths, recipe.precision, recipe.metadata)
        self._pool: PicturePool | None = None

    def __enter__(self) -> "ShardMaker":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.__exit__()

    def make(self, task: Task, each: Callable[[], object] = lambda: None) -> Made:
        """The shard of a task; `each` is called after every picture.

        Raises:
            WeightsError: the model is missing, damaged, or not the recipe's.
        """
        if self._pool is None:
            self._pool = self._started()
        table, read = TableBuilder(self._schema), 0
        for result in self._pool.results(pictures_of(task.entries, self._recipe.base)):
            table.add(result)
            read += result.was_read
            each()
        counts = {
            "pictures": len(task.entries), "read": read, "faces": table.faces, "rows": len(table),
        }  # fmt: skip
        return Made(task.number, table.parquet(), counts)

    def _started(self) -> PicturePool:
        estimator = self._estimator or AgeEstimator.from_folder(self._recipe.model)
        if estimator.manifest["sha256"] != self._recipe.model_sha256:
            raise WeightsError(
                f"{self._recipe.model} holds another model here than where the command was given. "
                "Put the same model on every machine."
            )
        return PicturePool(estimator, workers=self._threads)


def widths_of(model: AgeModel, vectors: Sequence[str]) -> dict[str, int]:
    """Numbers in each of these vectors of a face, as `model` makes them."""
    features = model.spec.features
    dim = features if model.metric is None else model.metric.shape()["dim"]
    known = {"features": features, "embedding": dim}
    return {name: known[name] for name in known if name in vectors}
