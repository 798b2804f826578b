"""One password for a class: whoever knows it may use the page, under any name."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from app import text
from sadal_core.errors import ConfigError

_SHORTEST: Final = 8  # characters
_WRONG_SECONDS: Final = 1.0  # that a wrong password costs


def read_password(path: Path) -> str:
    """The first line of the file at `path`.

    Raises:
        ConfigError: it cannot be read, or is too short to be a password.
    """
    try:
        password = path.read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(
            f"{path} cannot be read ({reason}). Name a text file whose first line is the password."
        ) from error
    if len(password) < _SHORTEST:
        raise ConfigError(
            f"The first line of {path} has fewer than {_SHORTEST} characters. "
            "Choose a longer password."
        )
    return password


def login(password: str | None) -> dict[str, Any]:
    """Keywords of Gradio's `launch`; none without a password."""
    if password is None:
        return {}
    return {"auth": checking(password), "auth_message": text.PASSWORD}


def checking(
    password: str, *, wrong_seconds: float = _WRONG_SECONDS
) -> Callable[[str, str], Awaitable[bool]]:
    """Whether a name and a password may enter.

    Wrong ones wait for each other, so that all the guesses in the world are one in a second;
    right ones never wait.
    """
    wrong = asyncio.Lock()

    async def check(name: str, given: str) -> bool:
        if hmac.compare_digest(given.encode(), password.encode()):
            return True
        async with wrong:
            await asyncio.sleep(wrong_seconds)
        return False

    return check
