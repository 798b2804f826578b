"""The whole state of a lab as names and texts, which a link or a command holds.

A text from elsewhere may say anything: what makes no sense falls back, and is told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from textwrap import shorten
from typing import Final, TypeVar

from sadal_core.errors import SadalError
from sadal_core.gallery.stored import Gallery
from sadal_core.lab.faces import LAB_DATA
from sadal_core.lab.lab import Lab, check_lab
from sadal_core.lab.presets import PRESETS, preset
from sadal_core.lab.turns import read_turns
from sadal_core.settings import check_choice, overridden
from sadal_core.training.metric.config import MetricConfig

_NOT_IN_A_LAB: Final = {"backbone", "backbone_rate", "patience", "validation_fraction"}
LAB_SETTINGS: Final = tuple(f.name for f in fields(MetricConfig) if f.name not in _NOT_IN_A_LAB)
_SHOWN: Final = 40  # characters of a value that makes no sense
_NOTE: Final = 400  # characters of a note; an error may repeat a value of any length

Value = TypeVar("Value")


@dataclass(frozen=True)
class LabState:
    """What a lab was started with, and the turns it has taken.

    Attributes:
        data: in `LAB_DATA`.
        preset: in `PRESETS`: what the settings are told apart from.
        config: all settings.
        turns: as `turns.read_turns` reads them.
    """

    data: str
    preset: str
    config: MetricConfig
    turns: str = ""

    @classmethod
    def of(cls, data: str = "faces", name: str = "corrected", turns: str = "") -> "LabState":
        """A preset as it is.

        Raises:
            ConfigError: an unknown name, or turns that make no sense.
        """
        read_turns(turns)
        return cls(data, name, preset(name, data), turns)

    def texts(self) -> dict[str, str]:
        """Names and texts that `read_state` reads as this; settings of the preset are left out."""
        own = preset(self.preset, self.data)
        changed = {
            name: getattr(self.config, name)
            for name in LAB_SETTINGS
            if getattr(self.config, name) != getattr(own, name)
        }
        settings = {n: "none" if v is None else str(v) for n, v in changed.items()}
        turns = {"turns": self.turns} if self.turns else {}
        return {"data": self.data, "preset": self.preset} | settings | turns

    def changed(self, texts: Mapping[str, str]) -> "LabState":
        """The same at its start, with other settings, each told as a text.

        Raises:
            ConfigError: settings that are unknown or make no sense.
        """
        return replace(self, config=_changed(self.config, texts), turns="")

    def lab(self, gallery: Gallery | None) -> Lab:
        """The lab in this state; its turns are taken again.

        Raises:
            ConfigError: settings that the data cannot be learned with, or turns they do not have.
            DataError: too few samples for a batch.
            LabError: the training diverges within these turns.
        """
        lab = Lab(LAB_DATA[self.data](gallery), self.config)
        lab.replay(read_turns(self.turns))
        return lab


def read_state(texts: Mapping[str, str]) -> tuple[LabState, list[str]]:
    """The state that names and texts tell, and one sentence for each that made no sense."""
    notes: list[str] = []

    def tried(make: Callable[[], Value], instead: Value, name: str, text: str) -> Value:
        try:
            return make()
        except SadalError as error:
            note = f"{name}={text[:_SHOWN]} was left out: {error}"
            notes.append(shorten(note, _NOTE, placeholder=" ..."))
            return instead

    def chosen(name: str, known: Mapping[str, object], instead: str) -> str:
        text = texts.get(name, instead)
        return tried(lambda: (check_choice(name, text, known), text)[1], instead, name, text)

    data = chosen("data", LAB_DATA, "faces")
    name = chosen("preset", PRESETS, "corrected")
    config = preset(name, data)
    settings = {n: text for n, text in texts.items() if n in LAB_SETTINGS}
    try:  # together: some make sense only with others
        config = _changed(config, settings)
    except SadalError:
        for setting, text in settings.items():
            config = tried(
                lambda c=config, n=setting, t=text: _changed(c, {n: t}), config, setting, text
            )
    turns = texts.get("turns", "")
    turns = tried(lambda: (read_turns(turns), turns)[1], "", "turns", turns)
    for other in [n for n in texts if n not in (*LAB_SETTINGS, "data", "preset", "turns")]:
        note = f"{other[:_SHOWN]} was left out: a lab has no such setting."
        notes.append(shorten(note, _NOTE, placeholder=" ..."))
    return LabState(data, name, config, turns), notes


def _changed(config: MetricConfig, texts: Mapping[str, str]) -> MetricConfig:
    changed = overridden(config, [f"{name}={text}" for name, text in texts.items()])
    check_lab(changed)
    return changed
