"""The stored result files, for the scripts that write them into the texts."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA_SETS = {"utkface": "UTKFace", "aaf": "All-Age-Faces"}  # as the texts call them


def stored(path: str) -> dict[str, Any]:
    """The JSON file at `path`, below the root of the repository."""
    return json.loads((ROOT / path).read_text("utf-8"))
