"""Who has had a turn, in order, as a short text: `120b3g1m` is 120 of both, 3 of G, 1 of D.

Together with data, settings and seed it is the whole state of a lab: the same text gives the same
weights again.
"""

import re
from collections.abc import Iterable
from itertools import groupby

from sadal_core.errors import ConfigError
from sadal_core.training.metric.run import Turn

MOST_TURNS = 5000
_PART = re.compile(r"(\d{1,4})([bgm])")
_LETTERS = {"b": Turn.BOTH, "g": Turn.GENERATOR, "m": Turn.METRIC}
_OF = {turn: letter for letter, turn in _LETTERS.items()}


def read_turns(text: str) -> list[Turn]:
    """The turns that `text` stands for.

    Raises:
        ConfigError: it is not such a text, or of more than `MOST_TURNS` turns.
    """
    parts = _PART.findall(text)
    if "".join(number + letter for number, letter in parts) != text:
        raise ConfigError(
            f"Turns are numbers with b (both), g (generator) or m (metric), as in 120b3g; "
            f"got {text[:40]!r}."
        )
    if sum(int(number) for number, _ in parts) > MOST_TURNS:
        raise ConfigError(f"A lab takes at most {MOST_TURNS} turns, got {text[:40]!r}.")
    return [_LETTERS[letter] for number, letter in parts for _ in range(int(number))]


def write_turns(turns: Iterable[Turn]) -> str:
    """The shortest text that `read_turns` reads as `turns`."""
    return "".join(f"{len(list(same))}{_OF[turn]}" for turn, same in groupby(turns))
