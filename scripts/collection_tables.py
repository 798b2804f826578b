"""Tables of large collections and galleries, from stored benchmarks, for `measured_tables.py`."""

from typing import Any

from stored import stored


def collection_table() -> str:
    """Throughput and memory of `embed`, one row per size."""
    record = stored("results/benchmark-collections.json")
    return _table(
        record,
        ("pictures", "faces", "seconds", "pictures per second",
         "processor time of each, ms", "peak memory, MB",
         "MB of shards", "seconds when given again"),
        [
            (f"{row['pictures']:,}", f"{row['faces']:,}", f"{row['seconds']:,.0f}",
             f"{row['pictures_per_second']:.1f}", f"{row['processor_ms_per_picture']:.0f}",
             f"{row['peak_memory_mb']:,.0f}",
             f"{row['stored_mb']:.1f}", f"{row['again_s']:.0f}")
            for row in record["rows"]
        ],
    )  # fmt: skip


def neighbour_table() -> str:
    """Recall and time of approximate search, one row per size."""
    record = stored("results/benchmark-neighbours.json")
    k = record["k"]
    return _table(
        record,
        ("samples", f"the {k} nearest of all samples, s", "recall", "exact, s, from 1,000 of them",
         f"the {k} nearest of a new point, ms", "recall of these", "a click, exact, ms",
         "peak memory, MB"),
        [
            (f"{row['samples']:,}", f"{row['approximate_s']:,.0f}", f"{100 * row['recall']:.1f} %",
             f"{row['samples'] * row['exact_ms_per_point'] / 1000:,.0f}",
             f"{row['query_ms_per_point']:.2f}", f"{100 * row['query_recall']:.1f} %",
             f"{row['click_ms']:,.0f}", f"{row['peak_memory_mb']:,.0f}")
            for row in record["rows"]
        ],
    )  # fmt: skip


def large_map_table() -> str:
    """Seconds and bytes of the map of a large gallery, one row per size."""
    record = stored("results/benchmark-large-map.json")
    return _table(
        record,
        ("samples", "drawn", "s", "MB", "in the part", "drawn of it", "s", "MB",
         "all points, s", "MB"),
        [
            (f"{row['samples']:,}", f"{row['drawn']:,}", *_cost(row["whole"]),
             f"{row['in_part']:,}", f"{row['drawn_in_part']:,}", *_cost(row["part"]),
             *_cost(row["all_points"]))
            for row in record["rows"]
        ],
    )  # fmt: skip


def _cost(cost: dict[str, float]) -> tuple[str, str]:
    return f"{cost['seconds']:.2f}", f"{cost['mb']:.1f}"


def _table(record: dict[str, Any], heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    lines += [f"| {' | '.join(cells)} |" for cells in rows]
    cores = record["machine"]["cores"]
    where = f"{cores} core{'s' if cores > 1 else ''}, code at revision `{record['revision'][:12]}`"
    return "\n".join([*lines, "", f"`{record['command']}`, {where}."])
