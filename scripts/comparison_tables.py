"""Tables of the comparison of all methods, for `measured_tables.py`."""

import sys

from stored import ROOT, stored


def comparison_table(name: str, folder: str = "results") -> str:
    """The table that `benchmark` wrote, and where it is from."""
    path = f"{folder}/comparison-{name}"
    record = stored(f"{path}.json")
    if record["model"]["sha256"] != stored("assets/model/manifest.json")["sha256"]:
        sys.exit(f"{path}.json is of another model. Run its command again.")
    table = (ROOT / f"{path}.md").read_text("utf-8").strip()
    seeds = ", ".join(str(seed) for seed in record["seeds"])
    about = (
        f"{record['faces']:,} faces of {record['units']:,} persons or groups, seeds {seeds}; "
        f"`{record['command']}`, code at revision `{record['revision'][:12]}`."
    )
    return f"{table}\n\n{about}"


def cost_table() -> str:
    """Seconds and memory of every method's fit, and how they grow."""
    record = stored("results/benchmark-methods.json")
    sizes = record["sizes"]
    lines = [
        "| method | " + " | ".join(f"fit to {size:,} faces" for size in sizes)
        + f" | memory of it at {sizes[0]:,} | at the largest | {record['read']:,} ages read |",
        "|---" * (len(sizes) + 4) + "|",
    ]  # fmt: skip
    for row in record["rows"]:
        fits = [row["fits"].get(str(size)) for size in sizes]
        done = [fit for fit in fits if fit]
        cells = [
            f"{fit['fit_seconds']:.1f} s" if fit else f"over {record['limit_seconds']:.0f} s"
            for fit in fits
        ]
        if done:
            cells += [f"{fit['megabytes']:.0f} MB" for fit in (done[0], done[-1])]
            cells.append(f"{done[-1]['predict_seconds']:.2f} s")
        else:
            cells += ["–"] * 3
        lines.append(f"| {row['title']} | {' | '.join(cells)} |")
    made = f"One core; `{record['command']}`, code at revision `{record['revision'][:12]}`."
    return "\n".join([*lines, "", made])


def form_table() -> str:
    """The bundled backbone in smaller numbers, and the others that are registered."""
    record = stored("results/benchmark-backbones.json")
    lines = ["| bundled backbone on one core | one face | size | MAE, years |", "|---|---|---|---|"]
    lines += [
        f"| {row['form']} | {row['ms']:.1f} ms | {row['megabytes']:.1f} MB | {row['mae']:.3f} |"
        for row in record["forms"]
    ]
    lines += ["", "| architecture | side | parameters | ONNX Runtime | PyTorch |", "|---" * 5 + "|"]
    lines += [
        f"| {row['backbone']} | {row['side']} px | {row['parameters']:,} "
        f"| {row['onnx_ms']:.1f} ms | {row['torch_ms']:.1f} ms |"
        for row in record["architectures"]
    ]
    return "\n".join([*lines, "", f"{record['faces']:,} held-out faces; `{record['command']}`."])
