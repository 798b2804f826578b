"""The results of a shard as a Parquet file: columns, types and bytes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sadal_core.batch import COLUMNS, PictureResult

VECTORS: Final = ("features", "embedding")  # attributes of `FaceEstimate`
_TYPES: Final = {"file": pa.string(), "face": pa.int32(), "error": pa.string()}
_FLOATS: Final = {16: (pa.float16(), np.float16), 32: (pa.float32(), np.float32)}
PRECISIONS: Final = tuple(_FLOATS)


def schema(widths: Mapping[str, int], precision: int, metadata: Mapping[str, str]) -> pa.Schema:
    """Columns of `batch.COLUMNS`, numbers in 64 bits, then one list per kind of vector.

    Args:
        widths: numbers in each vector, by name from `VECTORS`.
        precision: bits of these numbers, 16 or 32.
        metadata: kept in the file.
    """
    fields = [pa.field(name, _TYPES.get(name, pa.float64())) for name in COLUMNS]
    kind, _ = _FLOATS[precision]
    fields += [pa.field(name, pa.list_(kind, width)) for name, width in widths.items()]
    return pa.schema(fields, metadata=dict(metadata))


class TableBuilder:
    """Gathers the results of one shard; of a face no more is held than its columns."""

    def __init__(self, columns: pa.Schema) -> None:
        self._schema = columns
        self._rows: list[dict[str, Any]] = []
        self._vectors: dict[str, list[np.ndarray | None]] = {
            name: [] for name in VECTORS if name in columns.names
        }

    def add(self, result: PictureResult) -> None:
        """Append the rows of a picture."""
        self._rows += result.rows
        for name, column in self._vectors.items():
            made = [getattr(face, name) for face in result.faces]
            column += made or [None] * len(result.rows)

    @property
    def faces(self) -> int:
        """Rows that are of a face."""
        return sum(row["error"] == "" for row in self._rows)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._rows)

    def parquet(self) -> bytes:
        """The rows as a Parquet file; the same bytes for the same rows."""
        columns = [self._plain(field) for field in self._schema if field.name in COLUMNS]
        columns += [
            _lists(column, self._schema.field(name).type)
            for name, column in self._vectors.items()
        ]  # fmt: skip
        sink = pa.BufferOutputStream()
        table = pa.Table.from_arrays(columns, schema=self._schema)
        # Numbers hardly repeat, so that a dictionary or bounds of them would only cost room.
        pq.write_table(
            table, sink, compression="zstd", use_dictionary=False, write_statistics=False
        )
        return sink.getvalue().to_pybytes()

    def _plain(self, field: pa.Field) -> pa.Array:
        """A column of the rows; what a row without a face lacks is null, not empty text."""
        values = [row[field.name] for row in self._rows]
        return pa.array([None if value == "" else value for value in values], field.type)


def _lists(column: Sequence[np.ndarray | None], kind: pa.FixedSizeListType) -> pa.Array:
    """Vectors as lists; NaN where there is no face, because pyarrow cannot read null ones again."""
    values = np.full((len(column), kind.list_size), np.nan, _FLOATS[kind.value_type.bit_width][1])
    for place, vector in enumerate(column):
        if vector is not None:
            values[place] = vector
    return pa.FixedSizeListArray.from_arrays(
        pa.array(values.reshape(-1), kind.value_type), type=kind
    )
