"""Checks shared by everything that has settings, and settings given as text."""

import dataclasses
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

from sadal_core.errors import ConfigError

Config = TypeVar("Config")


def check_choice(what: str, value: object, known: Iterable[object]) -> None:
    """Refuse a `value` that is not among the `known` ones.

    Raises:
        ConfigError: names what was set, to what, and what is known.
    """
    known = tuple(known)
    if value not in known:
        names = ", ".join(str(name) for name in known)
        raise ConfigError(f"Unknown {what} {value!r}. Known: {names}.")


def check_ranges(config: object, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Refuse attributes of `config` outside their range, whose ends are allowed; NaN always.

    Raises:
        ConfigError: names the attribute, its value and its range.
    """
    for name, (low, high) in ranges.items():
        value = getattr(config, name)
        if not low <= value <= high:
            raise ConfigError(f"{name} must be from {low:g} to {high:g}, got {value}.")


def overridden(config: Config, settings: list[str]) -> Config:
    """A copy of the dataclass `config` with `name=value` texts applied and checked again.

    Values are read as the type that the attribute is annotated with; "none" stands for None
    where that is allowed.

    Raises:
        ConfigError: unknown name, a value of the wrong type, or one that the class refuses.
    """
    types = get_type_hints(type(config))
    changes: dict[str, Any] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        check_choice("setting", name, types)
        changes[name] = _read(name, text, types[name])
    return dataclasses.replace(config, **changes)  # pyright: ignore[reportArgumentType, reportType]


def _read(name: str, text: str, wanted: Any) -> Any:
    options = get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
    if type(None) in options and text.lower() == "none":
        return None
    (kind,) = (option for option in options if option is not type(None))
    try:
        return kind(text)
    except ValueError:
        raise ConfigError(f"{name} takes a {kind.__name__}, got {text!r}.") from None
