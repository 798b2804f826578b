"""Where a run or a result comes from: command, code and versions; no path of the machine."""

import argparse
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sadal_core import __version__
from sadal_core.bundled import INSTALLED

_PACKAGES = ("torch", "torchvision", "numpy", "mediapipe", "scikit-learn")


def provenance(command: str, options: argparse.Namespace, *, extra: str = "") -> dict[str, Any]:
    """Entries "command", "revision" and "versions".

    Args:
        command: name of the command.
        options: its parsed options, of which `data` and `settings` are said.
        extra: further options as text, without paths.
    """
    words = [
        "python -m sadal_core",
        command,
        extra,
        "--data " + " ".join(path.name for path in options.data),
        "--set " + " ".join(options.settings) if getattr(options, "settings", None) else "",
    ]
    return {
        "command": " ".join(word for word in words if word),
        "revision": revision(),
        "versions": {"python": platform.python_version()} | {p: _version(p) for p in _PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # crops that were found elsewhere need no MediaPipe
        return "not installed"


def revision() -> str:
    """The git revision of the code, marked where the package differs from it; "unknown" if none.

    An installed package has its version instead: the folder it is in may belong to another project.

    Other files do not count: a command that writes its result into the checkout would otherwise
    mark the next one.
    """
    if INSTALLED:
        return f"version {__version__}"
    try:
        name = _git("describe", "--always", "--abbrev=40")
        return f"{name}-dirty" if _git("status", "--porcelain", "--", ".") else name
    except (OSError, subprocess.CalledProcessError):
        print("No git revision is known for this code; the manifest says so.", file=sys.stderr)
        return "unknown"


def _git(*arguments: str) -> str:
    """What git says about the folder of the package."""
    package = Path(__file__).parents[1]
    command = ["git", "-C", str(package), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
