"""Says in one sentence which system library the installed packages miss, if any."""

import importlib
import re
import sys

PACKAGES = ("torch", "torchvision", "cv2", "mediapipe.python.solutions.face_mesh", "gradio")
DEBIAN = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
}


def problem(package: str) -> str | None:
    """Why `package` cannot be imported, with the remedy; None when it can."""
    try:
        importlib.import_module(package)
    except (ImportError, OSError) as error:
        missing = re.search(r"lib[\w.+-]+\.so[.\d]*", str(error))
        if missing and "cannot open shared object" in str(error):
            library = missing[0]
            remedy = f"apt-get install {DEBIAN.get(library, 'the package that holds it')}"
            return f"the system library {library} is missing (Debian and Ubuntu: {remedy})."
        return (
            f"{package} cannot be imported ({error}). Remove .venv and run the same command again."
        )
    return None


if __name__ == "__main__":
    found = next(filter(None, map(problem, PACKAGES)), None)
    if found:
        sys.exit(f"Set-up stopped: {found}")
