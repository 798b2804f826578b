"""Sentences as lists and notices, as HTML."""

from collections.abc import Iterable
from html import escape


def sentences(lines: Iterable[str]) -> str:
    """A list of sentences that is read out when it changes; empty ones are left out."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines if line)
    return f'<ul class="sadal-words" aria-live="polite">{items}</ul>'


def refusal(headline: str, reason: str) -> str:
    """Why something is not shown."""
    return (
        f'<p class="sadal-refused" role="status"><strong>{escape(headline)}</strong> '
        f"{escape(reason)}</p>"
    )
