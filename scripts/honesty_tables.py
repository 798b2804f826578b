"""Tables of how far the model can be trusted: its intervals, groups of people, worse pictures."""

import sys
from typing import Any

from stored import ROOT, stored

NOT_MEASURED = "Not measured yet for this model."
_DATASETS = {
    "all": "all held-out faces",
    "utkface": "UTKFace, held-out groups",
    "aaf": "All-Age-Faces, held-out groups",
}


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


def group_table(found: dict[str, dict[str, Any]]) -> str:
    """Error, bias and coverage by sex and by the data sets' own groups, also at equal ages."""
    sets = [name for name in ("holdout-utkface", "holdout-aaf") if "groups" in found[name]]
    if not sets:
        return NOT_MEASURED
    lines = [
        "| held-out faces | MAE, years | 95 % interval | bias | 80 % intervals hold | faces "
        "| MAE at equal ages | bias at equal ages |",
        "|---" * 8 + "|",
    ]
    compared = {}
    for name in sets:
        title = _DATASETS[found[name]["dataset"]].partition(",")[0]
        for row in found[name]["groups"]:
            lines.append(f"| {title}: {_group_cells(row)} |")
            if row["same_ages"] is not None:
                decades = ", ".join(f"{first}" for first in row["same_ages"]["decades"])
                compared[f"{title} by {row['attribute']}"] = decades
    note = (
        "At equal ages: the decades weighed as in all groups of the data set together, without "
        "those of which a group has too few faces. The decades that begin at: "
        + "; ".join(f"{title} {decades}" for title, decades in compared.items())
        + "."
    )
    return "\n".join([*lines, "", note])


def robustness_table() -> str:
    """Change of the estimate per perturbation of the picture, for each model that was compared."""
    path = "results/benchmark-robustness.json"
    if not (ROOT / path).is_file():
        return NOT_MEASURED
    record = stored(path)
    models = record["models"]
    if models[0]["sha256"] != stored("assets/model/manifest.json")["sha256"]:
        sys.exit(f"{path} is of another model. Run its command again.")
    titles = " | ".join(f"{model['name']}: change, years | lost" for model in models)
    lines = [f"| picture | {titles} |", "|---" * (1 + 2 * len(models)) + "|"]
    for rows in zip(*(model["rows"] for model in models), strict=True):
        cells = " | ".join(_robustness_cells(row) for row in rows)
        lines.append(f"| {rows[0]['perturbation'].replace('_', ' ')} | {cells} |")
    overall = record["overall"]
    cells = " | ".join(_robustness_cells({**row, "lost": "–"}) for row in overall)
    lines.append(f"| mean of all | {cells} |")
    beside = "".join(_beside_the_first(row) for row in overall[1:])
    note = (
        f"Mean absolute change over {record['n']:,} held-out faces, in brackets its 95 % interval; "
        f"lost: faces no longer found. The mean of all, face by face, beside {models[0]['name']}: "
        f"{beside.removesuffix(', ')}. `{record['command']}`."
    )
    return "\n".join([*lines, "", note])


def _beside_the_first(row: dict[str, Any]) -> str:
    low, high = row["apart_interval"]
    return f"{row['name']} {row['apart']:+.2f} ({low:+.2f} to {high:+.2f}), "


def _robustness_cells(row: dict[str, Any]) -> str:
    if row["change"] is None:
        return f"– | {row['lost']}"
    low, high = row["interval"]
    return f"**{row['change']:.2f}** ({low:.2f} to {high:.2f}) | {row['lost']}"


def _group_cells(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    cells = (
        f"{row['value']} | **{row['mae']:.2f}** | {low:.2f} to {high:.2f} | {row['bias']:+.2f} "
        f"| {100 * row['coverage']:.1f} % | {row['n']:,}"
    )
    if row["same_ages"] is None:
        return f"{cells} | – | –"
    same, (low, high) = row["same_ages"], row["same_ages"]["interval"]
    return f"{cells} | {same['mae']:.2f} ({low:.2f} to {high:.2f}) | {same['bias']:+.2f}"


def _cells(row: dict[str, Any], key: str, *, overall: str = "") -> dict[Any, str]:
    """Coverage of a column by the first year of the decade, and in all."""
    cells = {band["low"]: f"{100 * band[key]:.1f} % ({band['n']:,})" for band in row["bands"]}
    return {"all": f"{100 * row[overall or key]:.1f} % ({row['n']:,})"} | cells


def _span(low: int | str) -> str:
    if isinstance(low, str):
        return low
    return f"{low}–{low + 9}" if low < 80 else f"{low}+"
