"""The tables of speed, from the stored benchmarks, for `measured_tables.py`."""

from statistics import median

from stored import stored


def stage_table() -> str:
    """The stored benchmark of the metric stage."""
    record = stored("results/benchmark-metric-stage.json")
    speed = record["throughput"]
    rows = [
        ("quadruplets per second (one step of G and one of f)",
         f"{speed['rows_per_second']['sadal']:,.0f}"),
        ("time per row, as a ratio to a plain triplet loss",
         f"{speed['time_of_sadal_to_triplet_loss']:.2f}"),
        ("the same, to pytorch-metric-learning's adversarial trainer",
         f"{speed['time_of_sadal_to_adversarial_trainer']:.2f}"),
    ]  # fmt: skip
    for row in record["sampler"]:
        time, memory = row["nanoseconds_per_sample"], row["peak_bytes_per_sample"]
        rows.append((f"sampler, {row['samples']:,} ages", f"{time:.0f} ns, {memory:.0f} B each"))
    head = f"| batches of {speed['batch_size']}, {record['machine']['cores']} cores | |\n|---|---|"
    return "\n".join([head, *(f"| {name} | {value} |" for name, value in rows)])


def speed_table() -> str:
    """The stored benchmark of estimating."""
    record = stored("results/benchmark-estimate.json")
    one, start = record["photo_640x480"], record["start"]
    rows = (
        ("estimate of a decoded 640x480 photo", f"{one['median_ms']['estimate']:.0f} ms"),
        ("of it finding the face", f"{one['median_ms']['detect']:.0f} ms"),
        ("of it the backbone on the face and its mirror image",
         f"{one['median_ms']['backbone']:.1f} ms"),
        ("the backbone on both in PyTorch", f"{one['median_ms']['backbone_in_pytorch']:.0f} ms"),
        ("the estimate, as a ratio to the backbone", f"{one['estimate_to_backbone']:.1f}"),
        ("live camera, server's side",
         f"{record['live_640x480']['frames_per_second']:.0f} frames/s"),
        ("`estimate` on 500 files", f"{record['batch']['files_per_second']:.0f} files/s"),
        ("start to served page, warm", f"{start['page_served_s']:.1f} s"),
        ("start to loaded model, warm", f"{start['model_loaded_s']:.1f} s"),
        ("peak memory of the page's server", f"{start['peak_memory_mb']:.0f} MB"),
    )  # fmt: skip
    head = f"| measured on {record['machine']['cores']} cores | |\n|---|---|"
    return "\n".join([head, *(f"| {name} | {value} |" for name, value in rows)])


def age_stage_table() -> str:
    """The stored benchmark of a step of the age stage on a processor."""
    record = stored("results/benchmark-age-stage.json")
    lines = [
        "| backbone | faces per second | with torch's gradients | times as fast |",
        "|---|---|---|---|",
    ]
    for row in record["rows"]:
        speed = {name: record["faces"] / median(taken) for name, taken in row["seconds"].items()}
        lines.append(
            f"| {row['backbone']} | {speed['ours']:.0f} | {speed['torch']:.0f} "
            f"| {row['times_faster']:.1f} |"
        )
    note = (
        f"Steps of {record['faces']} faces in bfloat16 on {record['machine']['cores']} cores, both "
        f"forms in turn. `{record['command']}`."
    )
    return "\n".join([*lines, "", note])
