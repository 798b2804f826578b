"""The package built and installed into an empty environment, as a stranger gets it."""

import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Python reads this when it starts with its folder on the path: what is installed stands alone.
_WATCH = """
import sys

def watch(event, arguments):
    if event == "open" and str(arguments[0]).startswith({root!r}):
        raise OSError(f"the checkout was opened: {{arguments[0]}}")

sys.addaudithook(watch)
"""


def built(folder: Path) -> Path:
    """The wheel, made from the sdist, both in `folder`; the tools are those of this environment."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    _run(command, folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def environment(folder: Path, wheel: Path) -> Path:
    """The programs of a new environment in `folder` that holds the wheel and what it asks for.

    Versions are those of this environment, so that uv takes them from its cache; where that has
    not all of them, or there is no uv, they are downloaded.
    """
    venv.create(folder)
    constraints = folder / "constraints.txt"
    names = {f"{one.name}=={one.version}" for one in distributions() if one.name != "sadal"}
    constraints.write_text("\n".join(sorted(names)))
    python = str(folder / "bin" / "python")
    asked = ["--quiet", "--constraint", str(constraints), str(wheel)]
    said = ""
    for command in _installers(python):
        done = subprocess.run([*command, *asked], cwd=folder, capture_output=True, text=True)
        if done.returncode == 0:
            return folder / "bin"
        said += done.stderr
    raise AssertionError(said)


def _installers(python: str) -> Iterator[list[str]]:
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.is_file() else shutil.which("uv")
    if uv is not None:
        yield [uv, "pip", "install", "--offline", "--python", python]
        yield [uv, "pip", "install", "--python", python]
    yield [sys.executable, "-m", "pip", "--python", python, "install"]


def watched(folder: Path) -> dict[str, str]:
    """Environment variables of a process that cannot open a file of the checkout."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_WATCH.format(root=f"{ROOT}/"))
    return {
        "PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder),
        "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1",
    }  # fmt: skip


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
