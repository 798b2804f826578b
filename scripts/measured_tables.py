"""Write the measured figures into README.md and MODEL_CARD.md, from the stored result files.

    .venv/bin/python scripts/measured_tables.py           write
    .venv/bin/python scripts/measured_tables.py --check   fail if a text is not up to date

A text marks where a table goes with `<!-- NAME -->` ... `<!-- /NAME -->`; what stands between
the marks is replaced, so that no number is ever typed by hand.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ("holdout-utkface", "holdout-aaf", "unseen-fgnet", "lopo-fgnet")
TEXTS = ("README.md", "MODEL_CARD.md")
_NAMES = {
    "holdout-utkface": "UTKFace, held-out groups",
    "holdout-aaf": "All-Age-Faces, held-out groups",
    "unseen-fgnet": "FG-NET, never trained on",
    "lopo-fgnet": "FG-NET, leave one person out",
}
_SHOWN_BANDS = ("holdout-utkface", "holdout-aaf", "unseen-fgnet")


def _read(path: str) -> dict[str, Any]:
    return json.loads((ROOT / path).read_text("utf-8"))


def results() -> dict[str, dict[str, Any]]:
    """Stored results by name, each of the model that is bundled now."""
    found = {name: _read(f"results/{name}.json") for name in RESULTS}
    bundled = _read("assets/model/manifest.json")["sha256"]
    for name, result in found.items():
        if result["model"]["sha256"] != bundled:
            sys.exit(f"results/{name}.json is of another model. Run its command again.")
    return found


def result_table(found: dict[str, dict[str, Any]]) -> str:
    """MAE with interval, CS(5), coverage and number of faces per result."""
    lines = [
        "| measured on | MAE, years | 95 % interval | CS(5) | 80 % intervals hold | faces |",
        "|---|---|---|---|---|---|",
    ]
    for name, result in found.items():
        low, high = result["interval"]
        lines.append(
            f"| {_NAMES[name]} | **{result['mae']:.2f}** | {low:.2f} to {high:.2f} "
            f"| {result['cs5']:.1f} % | {100 * result['coverage80']:.1f} % | {result['n']:,} |"
        )
    return "\n".join(lines)


def band_table(found: dict[str, dict[str, Any]]) -> str:
    """MAE, bias and number of faces per decade of true age."""
    columns = [found[name] for name in _SHOWN_BANDS]
    lines = [
        "| age | " + " | ".join(_NAMES[name] for name in _SHOWN_BANDS) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    spans = sorted({(band["low"], band["high"]) for one in columns for band in one["bands"]})
    for low, high in spans:
        cells = [_band_cell(one, low) for one in columns]
        span = f"{low}–{high}" if high < 100 else f"{low}+"
        lines.append(f"| {span} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def speed_table() -> str:
    """The stored benchmark of estimating."""
    record = _read("results/benchmark-estimate.json")
    one, start = record["photo_640x480"], record["start"]
    rows = (
        ("estimate of a decoded 640x480 photo, as a ratio to the backbone's forward",
         f"{one['estimate_to_backbone']:.2f}"),
        ("the same with JPEG decoding", f"{one['whole_with_decoding_to_backbone']:.2f}"),
        ("backbone's forward, one face", f"{one['median_ms']['backbone']:.0f} ms"),
        ("live camera, server's side",
         f"{record['live_640x480']['frames_per_second']:.0f} frames/s"),
        ("`estimate` on 500 files", f"{record['batch']['files_per_second']:.0f} files/s"),
        ("start to served page, warm", f"{start['page_served_s']:.1f} s"),
        ("start to loaded model, warm", f"{start['model_loaded_s']:.1f} s"),
        ("peak memory of the page's server", f"{start['peak_memory_mb']:.0f} MB"),
    )  # fmt: skip
    head = f"| measured on {record['machine']['cores']} cores | |\n|---|---|"
    return "\n".join([head, *(f"| {name} | {value} |" for name, value in rows)])


def training_text() -> str:
    """What the bundled model was trained on, and by which command."""
    manifest = _read("assets/model/manifest.json")
    sets = ", ".join(
        f"{row['dataset']} ({row['n_train']:,} faces; {row['n_validation']:,} held out)"
        for row in manifest["data"]
    )
    start = manifest["initialisation"]
    origin = f"started from `{start['file']}`, " if start else ""
    return (
        f"Trained on {sets}; {origin}seed {manifest['config']['seed']}, "
        f"code at revision `{manifest['revision'][:12]}`:\n\n"
        f"```\n{manifest['command']} --out runs/age\n```"
    )


def _band_cell(result: dict[str, Any], low: int) -> str:
    for band in result["bands"]:
        if band["low"] == low:
            return f"{band['mae']:.2f} ({band['bias']:+.2f}, n {band['n']})"
    return "–"


def filled(text: str) -> str:
    """`text` with every marked block replaced by its table."""
    found = results()
    blocks = {
        "results": result_table(found),
        "bands": band_table(found),
        "speed": speed_table(),
        "training": training_text(),
    }
    for name, block in blocks.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text = re.sub(pattern, lambda m, block=block: f"{m[1]}{block}\n{m[2]}", text, flags=re.S)
    return text


def main(arguments: list[str]) -> int:
    """Write, or check; the exit status is 1 where a text was not up to date."""
    stale = []
    for name in TEXTS:
        path = ROOT / name
        text = path.read_text("utf-8")
        if filled(text) != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(filled(text), "utf-8")
    if stale and "--check" in arguments:
        print(f"Not up to date: {', '.join(stale)}. Run python scripts/measured_tables.py.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
