r"""Docstrings as mkdocstrings reads them: what is reStructuredText in ours becomes Markdown.

Three things are: `.. math::` blocks, :math:`x` in a line, and simple tables between rules of
equal signs, which stay as they are laid out.
"""

import re
from textwrap import dedent
from typing import Any, Final

from griffe import Docstring, Extension, Object

_BLOCK: Final = re.compile(
    r"^(?P<indent>[ ]*)\.\. math::(?P<first>.*)\n?(?P<rest>(?:(?P=indent)[ ]+\S.*\n?|[ ]*\n)*)",
    re.MULTILINE,
)
_INLINE: Final = re.compile(r":math:`([^`]*)`")
_TABLE: Final = re.compile(r"^=+ .*?(?:^=+[ =]*$.*?){2}", re.MULTILINE | re.DOTALL)


class MathDirectives(Extension):
    """Rewrites every docstring when its object has been read."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            rewrite(obj.docstring)


def rewrite(docstring: Docstring) -> None:
    """Make a docstring Markdown, in its place."""
    docstring.value = as_markdown(docstring.value)


def as_markdown(text: str) -> str:
    """A docstring, without its indentation, as Markdown."""
    text = _TABLE.sub(lambda found: f"```text\n{found[0].rstrip()}\n```", text)
    return _INLINE.sub(r"$\1$", _BLOCK.sub(_display, text))


def _display(found: re.Match[str]) -> str:
    lines = f"{found['first'].strip()}\n{dedent(found['rest'])}".strip().split("\n")
    indent = found["indent"]
    formula = f"\n{indent}".join(line.strip() for line in lines if line.strip())
    return f"\n{indent}$$\n{indent}{formula}\n{indent}$$\n\n"
