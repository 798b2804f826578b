"""The folder in which uploads arrive: of this process alone, and gone with it."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sadal_core.errors import ConfigError

_NAME: Final = "sadal-{pid}-"
_NAMED: Final = re.compile(r"sadal-(\d+)-.+")
_ENVIRONMENT: Final = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    # Statistics that nobody can ask for, made anew from 10,000 records after every event.
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**9),
}


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for uploads that only this user can read, gone after the block.

    Gradio reads its settings from the environment when it is imported, so this comes first.

    Raises:
        ConfigError: there is no place for temporary files.
    """
    try:
        clear_abandoned(Path(tempfile.gettempdir()))
        folder = Path(tempfile.mkdtemp(prefix=_NAME.format(pid=os.getpid())))  # mode 0700
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(
            f"No temporary folder can be made ({reason}). Set TMPDIR to one that can be written."
        ) from error
    os.environ.update(_ENVIRONMENT, GRADIO_TEMP_DIR=str(folder))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_abandoned(place: Path) -> None:
    """Delete this user's upload folders in `place` whose process was killed."""
    for folder in place.glob("sadal-*"):
        found = _NAMED.fullmatch(folder.name)
        if found is None or folder.is_symlink() or _lives(int(found[1])):
            continue
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid():
                shutil.rmtree(folder)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # somebody else's
    return True
