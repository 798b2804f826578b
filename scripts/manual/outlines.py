"""Lists that the code itself gives: the layers of a package, and the commands.

Modules are read and not imported: that would load every library that they need.
"""

import ast
import re
import tomllib
from html import escape
from pathlib import Path
from typing import Any, Final

from scripts.manual.pages import ROOT

_LAYERS: Final = re.compile(r"<!-- layers: (\w+) -->")
_COMMANDS: Final = "<!-- commands -->"
_CODE: Final = re.compile(r"`([^`]+)`")
_CLI: Final = ROOT / "sadal_core" / "cli"


def listed(html: str) -> str:
    """HTML with lists in the places of `<!-- layers: PACKAGE -->` and `<!-- commands -->`."""
    html = _LAYERS.sub(lambda found: _stack(found[1]), html)
    return html.replace(_COMMANDS, _table()) if _COMMANDS in html else html


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


def commands() -> dict[str, str]:
    """The module of each command, in the order in which `--help` tells them."""
    for node in _parsed(_CLI / "__init__.py").body:
        match node:
            case ast.Assign(targets=[ast.Name(id="_COMMANDS")], value=ast.Dict(keys, values)):
                names = [ast.literal_eval(key) for key in keys if key is not None]
                return dict(zip(names, map(ast.unparse, values), strict=True))
    raise KeyError("_COMMANDS")


def _stack(package: str) -> str:
    rows = ("".join(_box(package, name) for name in layer) for layer in layers(package))
    return "<ol class='layers'>" + "".join(f"<li>{row}</li>" for row in rows) + "</ol>"


def _box(package: str, name: str) -> str:
    path = ROOT / package / f"{name}.py"
    path = path if path.is_file() else path.with_suffix("") / "__init__.py"
    return f"<div><code>{name}</code><span>{_summary(path)}</span></div>"


def _table() -> str:
    rows = "".join(
        f"<tr><td><code>{name}</code></td><td>{_summary(_CLI / f'{module}.py')}</td></tr>"
        for name, module in commands().items()
    )
    return f"<table><thead><tr><th>command</th><th>what it does</th></tr></thead>{rows}</table>"


def _summary(path: Path) -> str:
    """The first line of what a module says of itself."""
    words = ast.get_docstring(_parsed(path)) or ""
    return _CODE.sub(r"<code>\1</code>", escape(words.partition("\n")[0]))


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))
