"""Formulas as MathML, which browsers set themselves: no script, no font, no other host."""

import re
from html import unescape
from typing import Final

from latex2mathml.converter import convert

_FORMULA: Final = re.compile(
    r'<(span|div) class="arithmatex">\\(?P<open>[(\[])(?P<tex>.*?)\\[)\]]</\1>', re.DOTALL
)
_BREAK: Final = re.compile(r"\\\\(?![^{]*\\end)")  # between lines, not between rows of a table


def as_mathml(html: str) -> str:
    """HTML whose formulas, as arithmatex marks them, are MathML."""
    return _FORMULA.sub(_set, html)


def _set(found: re.Match[str]) -> str:
    display = "block" if found["open"] == "[" else "inline"
    tex = unescape(found["tex"])
    lines = _BREAK.split(tex) if display == "block" else [tex]
    made = "".join(convert(line.strip(), display=display) for line in lines)
    return f'<div class="formula">{made}</div>' if display == "block" else made
