"""The layers of a package, drawn from the contracts that `make check` holds."""

import ast
import re
import tomllib
from html import escape
from typing import Any, Final

from scripts.manual.pages import ROOT

_PLACE: Final = re.compile(r"<!-- layers: (\w+) -->")


def drawn(html: str) -> str:
    """HTML with the layers of a package in the place of each `<!-- layers: PACKAGE -->`."""
    return _PLACE.sub(lambda found: _list(found[1]), html)


def layers(package: str) -> list[list[str]]:
    """Modules of a package by layer, the top one first.

    Raises:
        KeyError: no contract is about the package.
    """
    settings: Any = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for contract in settings["tool"]["importlinter"]["contracts"]:
        if contract.get("containers") == [package]:
            return [re.findall(r"\w+", layer) for layer in contract["layers"]]
    raise KeyError(package)


def _list(package: str) -> str:
    rows = ("".join(_box(package, name) for name in layer) for layer in layers(package))
    return "<ol class='layers'>" + "".join(f"<li>{row}</li>" for row in rows) + "</ol>"


def _box(package: str, name: str) -> str:
    words = escape(_summary(package, name))
    return f"<div><code>{name}</code><span>{words}</span></div>"


def _summary(package: str, name: str) -> str:
    """First line of what a module says of itself."""
    path = ROOT / package / f"{name}.py"
    path = path if path.is_file() else path.with_suffix("") / "__init__.py"
    words = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return words.partition("\n")[0]
