"""Estimates as plain records: the endpoint's JSON and the files that users save."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # at run time this would import torch
    from sadal_core.pipeline import FaceEstimate

_MODEL_KEYS: Final = ("backbone", "sha256", "metrics", "data")


def record(estimate: "FaceEstimate") -> dict[str, Any]:
    """One face: box in px, age and 80 % interval in years, probability of each age 0..100."""
    return {
        "box": [round(float(edge), 1) for edge in estimate.face.box],
        "age": round(estimate.summary.age, 2),
        "age_low": round(estimate.summary.low, 2),
        "age_high": round(estimate.summary.high, 2),
        "distribution": [round(float(p), 6) for p in estimate.probabilities],
        "warnings": list(estimate.warnings),
    }


def report(faces: "Iterable[FaceEstimate]", manifest: Mapping[str, Any]) -> dict[str, Any]:
    """All faces of a picture and the model that estimated them."""
    model = {key: manifest[key] for key in _MODEL_KEYS if key in manifest}
    return {"faces": [record(face) for face in faces], "model": model}


def as_json(name: str, faces: "Iterable[FaceEstimate]", manifest: Mapping[str, Any]) -> str:
    """The file that "JSON" saves."""
    return json.dumps({"file": name, **report(faces, manifest)}, indent=2, allow_nan=False) + "\n"


def as_csv(name: str, faces: "Iterable[FaceEstimate]") -> str:
    """The file that "CSV" saves: the rows of `python -m sadal_core estimate`."""
    from sadal_core.batch import COLUMNS, face_row  # imports torch, as the estimate already did

    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(face_row(name, number, face) for number, face in enumerate(faces, start=1))
    return out.getvalue()
