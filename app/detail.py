"""Which samples of a large gallery are drawn: level of detail, so that the map stays quick."""

from typing import Final, NamedTuple

import numpy as np

MOST_DRAWN: Final = 20_000  # the browser draws so many again within a few frames
_SEED: Final = 0
_FARTHEST: Final = 1e9  # from the middle of a map


class Window(NamedTuple):
    """A part of the plane of a map.

    Attributes:
        low: its lower left corner.
        high: its upper right corner.
    """

    low: tuple[float, float]
    high: tuple[float, float]


class Drawn(NamedTuple):
    """What is drawn of the samples in view.

    Attributes:
        rows: positions of those that are drawn, ascending.
        in_view: how many there are in view.
    """

    rows: np.ndarray
    in_view: int


def drawn_samples(
    ages: np.ndarray, places: np.ndarray, window: Window | None = None, *, most: int = MOST_DRAWN
) -> Drawn:
    """All samples in view where they are few enough; else `most` of them, of all ages alike.

    Every age has its share: random samples of one age follow each other in a row, from which
    every nth is taken.

    Args:
        ages: of all samples.
        places: of all samples, on the map that is looked at.
        window: the part that is looked at; None is all of the map.
        most: how many are drawn at most.
    """
    rows = np.arange(len(ages))
    if window is not None:
        flat = places[:, :2]
        rows = np.flatnonzero(((flat >= window.low) & (flat <= window.high)).all(axis=1))
    if len(rows) <= most:
        return Drawn(rows, len(rows))
    mixed = np.random.default_rng(_SEED).permutation(rows)
    by_age = mixed[np.argsort(ages[mixed], kind="stable")]
    taken = by_age[np.arange(most) * len(by_age) // most]
    return Drawn(np.sort(taken), len(rows))


def read_window(data: object) -> Window | None:
    """The window that a browser sends; None where it makes no sense."""
    sent = data if isinstance(data, dict) else {}
    sides = [sent.get(name) for name in ("x", "y")]
    numbers = [
        sorted(float(end) for end in side)
        for side in sides
        if isinstance(side, list) and len(side) == 2 and all(_is_number(end) for end in side)
    ]
    if len(numbers) < 2:
        return None
    (left, right), (bottom, top) = numbers
    return Window((left, bottom), (right, top))


def _is_number(value: object) -> bool:
    """Whether it is a place on a map; NaN, infinity and what would overflow are none."""
    return isinstance(value, int | float) and type(value) is not bool and abs(value) < _FARTHEST
