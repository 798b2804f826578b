"""Stored results with invented numbers, as the command `benchmark` writes them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

METHODS = {  # title, family, MAE in years, whether it is faithful
    "bif_knn": ("BIF + KNN", "classic", 7.25, True),
    "ohranker": ("OHRanker", "shallow", 4.85, True),
    "ca_svr": ("CA-SVR", "shallow", 4.5, True),
    "single_label": ("Single label (cross-entropy)", "deep", 4.35, True),
    "lsdml": ("LSDML", "metric", 4.4, False),
    "quadruplet": ("Quadruplet, no generator", "metric", 4.15, True),
    "coral": ("CORAL", "modern", 4.3, True),
    "sadal": ("SADAL", "metric", 4.0, False),
}
BANDS = ((0, 9, 371), (10, 19, 339), (20, 29, 144), (30, 39, 79), (40, 49, 46), (50, 59, 15))


def planted_row(method: str) -> dict[str, Any]:
    """A row whose numbers all follow from its MAE."""
    title, family, mae, faithful = METHODS[method]

    def less(reference: str) -> list[float]:
        off = mae - METHODS[reference][2]
        return [off, off - 0.25, off + 0.25] if off else [0.0, 0.0, 0.0]

    cs = [100 * (1 - 0.5 ** ((years + 0.5) / mae * 2)) for years in range(11)]
    return {
        "method": method, "title": title, "family": family, "faithful": faithful,
        "paper": f"Somebody & others, “{title} <i>of</i> ages”, A Venue 2011",
        "departs": "" if faithful else "No code was published; the loss is read from the text.",
        "reads": "features", "mae": mae, "interval": [mae - 0.5, mae + 0.5], "cs": cs,
        "cs5": cs[5], "bias": 0.125,
        "bands": [
            {"low": low, "high": high, "n": n, "mae": mae * (0.5 + low / 40), "bias": 0.5}
            for low, high, n in BANDS
        ],
        "seeds": 1 if family == "classic" else 3, "mae_range": [mae - 0.0625, mae + 0.0625],
        "minus_sadal": less("sadal"), "minus_cross_entropy": less("single_label"),
        "candidates": [{"tau": 0.17}, {"tau": 0.3}, {"tau": 0.5}], "chosen": [40, 30, 12],
        "fit_seconds": 1.25, "predict_seconds": 0.01,
    }  # fmt: skip


def planted_comparison(
    protocol: str = "lopo", datasets: Sequence[str] = ("fgnet",), **changes: Any
) -> dict[str, Any]:
    """A comparison of all planted methods."""
    return {
        "format": 1,
        "command": f"python -m sadal_core benchmark --protocol {protocol} --data faces.zip",
        "revision": "1be07b25faa0685baa2121241463be3a2fe43735", "versions": {"python": "3.11.7"},
        "protocol": protocol, "leaky": protocol == "random", "datasets": list(datasets),
        "labels_sha256": ["1" * 64],
        "model": {"sha256": "2" * 64, "revision": "3" * 40, "backbone": "mobilefacenet"},
        "seeds": [1, 2, 3], "candidates": 3, "inner_share": 0.25, "faces": 1002, "units": 82,
        "rows": [planted_row(method) for method in METHODS],
        "absent": [{"method": "identity_knn", "title": "Frozen identity + KNN",
                    "why": "needs the weights of a face recognition network"}],
    } | changes  # fmt: skip


SLIDES: dict[str, Any] = {
    "source": "The slides of somebody",
    "note": "Other backbones and splits than ours.",
    "rows": [
        {"method": "ohranker", "title": "OHRanker", "morph": 6.49, "fgnet": 4.48,
         "doubt": "It looks <shifted> by one."},
        {"method": "sadal", "title": "SADAL", "morph": 2.75, "fgnet": 3.67, "doubt": None},
        {"method": "csohr", "title": "CSOHR", "morph": 3.74, "fgnet": None, "doubt": None},
    ],
}  # fmt: skip
ABLATIONS: dict[str, Any] = {
    "command": "python -m sadal_core ablate --data faces.zip", "revision": "4" * 40,
    "seeds": [1, 2], "faces": 2828,
    "rows": [
        {"name": name, "settings": settings, "seeds": 2, "mae": 4.5 + off, "cs5": 65.5,
         "spearman": 0.8125, "order_violations": 0.195, "mae_range": [4.4 + off, 4.6 + off],
         "mae_minus_sadal": [off, off - 0.05, off + 0.05] if off else [0.0, 0.0, 0.0],
         "alarms": alarms}
        for name, settings, off, alarms in (
            ("sadal", [], 0.0, []),
            ("no Q", ["variant=none"], 0.125, ["The adversarial term never acts."]),
        )
    ],
}  # fmt: skip


def planted_results(folder: Path) -> Path:
    """A folder with three comparisons, the slides' numbers and ablations."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "comparison-fgnet-lopo": planted_comparison(),
        "comparison-fgnet-random": planted_comparison("random"),
        "comparison-aaf-holdout": planted_comparison(
            "holdout", ["aaf"], rows=[planted_row(m) for m in METHODS if m != "lsdml"]
        ),
        "slides": SLIDES,
        "ablations": ABLATIONS,
    }
    for name, content in files.items():
        write_results(folder / f"{name}.json", content)
    return folder


def write_results(path: Path, content: dict[str, Any]) -> None:
    """A result file."""
    path.write_text(json.dumps(content), "utf-8")
