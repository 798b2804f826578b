"""Lists that the code itself gives: the layers of a package, and the commands."""

import ast
import re
import tomllib
from html import escape
from typing import Any, Final

from sadal_core import cli
from scripts.manual.pages import ROOT

_LAYERS: Final = re.compile(r"<!-- layers: (\w+) -->")
_COMMANDS: Final = "<!-- commands -->"
_CODE: Final = re.compile(r"`([^`]+)`")


def listed(html: str) -> str:
    """HTML with lists in the places of `<!-- layers: PACKAGE -->` and `<!-- commands -->`."""
    html = _LAYERS.sub(lambda found: _stack(found[1]), html)
    return html.replace(_COMMANDS, _commands()) if _COMMANDS in html else html


def layers(package: str) -> list[list[str]]:
    """Modules of a package by layer, the top one first, as the contracts of `make check` have it.

    Raises:
        KeyError: no contract is about the package.
    """
    settings: Any = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for contract in settings["tool"]["importlinter"]["contracts"]:
        if contract.get("containers") == [package]:
            return [re.findall(r"\w+", layer) for layer in contract["layers"]]
    raise KeyError(package)


def _stack(package: str) -> str:
    rows = ("".join(_box(package, name) for name in layer) for layer in layers(package))
    return "<ol class='layers'>" + "".join(f"<li>{row}</li>" for row in rows) + "</ol>"


def _box(package: str, name: str) -> str:
    path = ROOT / package / f"{name}.py"
    path = path if path.is_file() else path.with_suffix("") / "__init__.py"
    words = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return f"<div><code>{name}</code><span>{_summary(words)}</span></div>"


def _commands() -> str:
    rows = "".join(
        f"<tr><td><code>{name}</code></td><td>{_summary(module.__doc__ or '')}</td></tr>"
        for name, module in cli._COMMANDS.items()
    )
    return f"<table><thead><tr><th>command</th><th>what it does</th></tr></thead>{rows}</table>"


def _summary(docstring: str) -> str:
    """The first line of what a module says of itself."""
    return _CODE.sub(r"<code>\1</code>", escape(docstring.partition("\n")[0]))
