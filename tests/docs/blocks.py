"""The blocks of code in the texts."""

import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
TEXTS = [*PAGES, *sorted(ROOT.glob("*.md"))]
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$\n*", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block.

    Attributes:
        language: as the fence names it.
        text: what is in it.
        output: of the block of plain text that follows at once, or None.
    """

    language: str
    text: str
    output: str | None


def blocks(text: str) -> list[Block]:
    """All blocks of a text, in order."""
    made = []
    found = [*_FENCE.finditer(text), None]
    for one, after in pairwise(found):
        assert one is not None
        follows = after is not None and after.start() == one.end() and after[1] == "text"
        made.append(Block(one[1], one[2], after[2] if after is not None and follows else None))
    return made


def recipe(section: str, language: str = "python") -> str:
    """The block below a heading of the page on how to add something."""
    text = (ROOT / "docs" / "extending.md").read_text("utf-8")
    below = text.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    (one,) = (block for block in blocks(below) if block.language == language)
    return one.text
