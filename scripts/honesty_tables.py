"""Tables of how far the model can be trusted: what its intervals hold."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOT_MEASURED = "Not measured yet for this model."
_DATASETS = {
    "all": "all held-out faces",
    "utkface": "UTKFace, held-out groups",
    "aaf": "All-Age-Faces, held-out groups",
}


def stored(path: str) -> dict[str, Any]:
    """The result file at `path`, below the root of the repository."""
    return json.loads((ROOT / path).read_text("utf-8"))


def coverage_table() -> str:
    """Share of ages inside the 80 % interval, in all and per decade of true age."""
    manifest = stored("assets/model/manifest.json")
    if "calibration" not in manifest:
        return NOT_MEASURED
    calibration = manifest["calibration"]
    unseen = stored("results/unseen-fgnet.json")
    columns = [
        (_DATASETS[row["dataset"]], _cells(row, "cross_fitted")) for row in calibration["coverage"]
    ]
    everybody = calibration["coverage"][0]
    columns.insert(1, ("the same, fitted on these faces", _cells(everybody, "in_sample")))
    columns.append(("FG-NET, never trained on", _cells(unseen, "coverage", overall="coverage80")))
    lines = ["| age | " + " | ".join(title for title, _ in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for span in ["all", *(band["low"] for band in everybody["bands"])]:
        cells = [by_span.get(span, "–") for _, by_span in columns]
        lines.append(f"| {_span(span)} | " + " | ".join(cells) + " |")
    note = (
        "Share of true ages inside the 80 % interval, in brackets the number of faces. Held-out "
        "faces are counted with calibrations fitted on others of them "
        f"({calibration['folds']} parts, duplicate groups kept together)."
    )
    return "\n".join([*lines, "", note])


def _cells(row: dict[str, Any], key: str, *, overall: str = "") -> dict[Any, str]:
    """Coverage of a column by the first year of the decade, and in all."""
    cells = {band["low"]: f"{100 * band[key]:.1f} % ({band['n']:,})" for band in row["bands"]}
    return {"all": f"{100 * row[overall or key]:.1f} % ({row['n']:,})"} | cells


def _span(low: int | str) -> str:
    if isinstance(low, str):
        return low
    return f"{low}–{low + 9}" if low < 80 else f"{low}+"
