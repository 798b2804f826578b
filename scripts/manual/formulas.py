"""Formulas as MathML, which browsers set themselves: no script, no font, no other host."""

import re
from html import unescape
from typing import Final

from latex2mathml.converter import convert

_FORMULA: Final = re.compile(
    r'<(span|div) class="arithmatex">\\(?P<open>[(\[])(?P<tex>.*?)\\[)\]]</\1>', re.DOTALL
)
_NAME: Final = re.compile(
    r"<m([io])>(?P<name>ln|log|exp|max|min|arg|cos|sin)</m\1>(?P<paren>(?=<mo[^>]*>&#x00028;))?"
)
_BAR: Final = re.compile(r"<mo[^>]*>&#x0007C;</mo>")


def as_mathml(html: str) -> str:
    """HTML whose formulas, as arithmatex marks them, are MathML."""
    return _FORMULA.sub(_set, html)


def _set(found: re.Match[str]) -> str:
    tex = unescape(found["tex"]).replace(r"\arg", r"\operatorname{arg}")  # not known to it
    if found["open"] == "(":
        return _spaced(convert(tex))
    lines = (_spaced(convert(line.strip(), display="block")) for line in tex.split("\\\\"))
    return f'<div class="formula" tabindex="0">{"".join(lines)}</div>'


def _spaced(mathml: str) -> str:
    """The same with the blanks that TeX puts around names of functions, and not around bars."""
    named = _NAME.sub(_named, mathml)
    return _BAR.sub('<mo stretchy="false" lspace="0" rspace="0">|</mo>', named)


def _named(found: re.Match[str]) -> str:
    after = "0" if found["paren"] is not None else "0.167em"
    return f'<mo lspace="0.167em" rspace="{after}" form="prefix">{found["name"]}</mo>'
