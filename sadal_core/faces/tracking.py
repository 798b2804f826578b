"""Faces followed from frame to frame: stable numbers, smoothed boxes and age distributions.

Pure: the state goes in and comes out, and time is given, never read.

Letters: T tracks, F faces of the new frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float

AGE_SECONDS: Final = 0.8  # time constant of the age: flicker goes, a change of person stays quick
BOX_SECONDS: Final = 0.08  # time constant of the box: steady, yet not behind the head
KEEP_SECONDS: Final = 0.7  # a face missed for longer than this is a new face when it returns
SAME_FACE: Final = 0.3  # intersection over union between successive frames


@dataclass(frozen=True)
class Sighting:
    """One face of one frame: its box (left, top, right, bottom) in px, its age and distribution."""

    box: Float[np.ndarray, "4"]
    age: float
    probabilities: Float[np.ndarray, " ages"]


@dataclass(frozen=True)
class Track:
    """A face over time.

    Attributes:
        number: counts up from 1 in a session and is never used again.
        box: smoothed box in px.
        age: smoothed age in years.
        probabilities: smoothed distribution over `ages.GRID`, summing to 1.
        unseen: seconds since it was last found; 0 when it is in the newest frame.
        source: its position among the sightings of the newest frame, -1 while unseen.
    """

    number: int
    box: Float[np.ndarray, "4"]
    age: float
    probabilities: Float[np.ndarray, " ages"]
    unseen: float = 0.0
    source: int = -1


@dataclass(frozen=True)
class Tracking:
    """All that is remembered between frames."""

    tracks: tuple[Track, ...] = ()
    next_number: int = 1

    @property
    def visible(self) -> tuple[Track, ...]:
        """The faces of the newest frame."""
        return tuple(track for track in self.tracks if track.source >= 0)


def iou(a: Float[np.ndarray, "4"], b: Float[np.ndarray, "4"]) -> float:
    """Intersection over union of two boxes, 0 to 1; 0 for boxes without area."""
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    if width <= 0 or height <= 0:
        return 0.0
    union = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - width * height
    return float(width * height / union)


def follow(state: Tracking, sightings: Sequence[Sighting], *, elapsed: float) -> Tracking:
    r"""State after a frame.

    Sightings and tracks are paired greedily by falling overlap. A paired track moves towards
    its sighting with the weight of an exponential average over time,

    .. math:: w = 1 - \exp(-\Delta t / \tau),

    so that the smoothing does not depend on the frame rate.

    Args:
        state: what was remembered after the frame before.
        sightings: faces of this frame.
        elapsed: seconds since the frame before, at least 0.

    Returns:
        Tracks in the order of their numbers; those unseen for `KEEP_SECONDS` are gone.
    """
    pairs = _pairs(state.tracks, sightings)
    tracks = [
        _moved(track, sightings[pairs[t]], pairs[t], elapsed)
        if t in pairs
        else replace(track, unseen=track.unseen + elapsed, source=-1)
        for t, track in enumerate(state.tracks)
    ]
    number = state.next_number
    for f, sighting in enumerate(sightings):
        if f not in pairs.values():
            tracks.append(
                Track(number, sighting.box, sighting.age, sighting.probabilities, source=f)
            )
            number += 1
    return Tracking(tuple(t for t in tracks if t.unseen < KEEP_SECONDS), number)


def _pairs(tracks: Sequence[Track], sightings: Sequence[Sighting]) -> dict[int, int]:
    """Sighting of each track that has one."""
    overlaps = sorted(
        (
            (iou(track.box, sighting.box), t, f)
            for t, track in enumerate(tracks)
            for f, sighting in enumerate(sightings)
        ),
        reverse=True,
    )
    pairs: dict[int, int] = {}
    for overlap, t, f in overlaps:
        if overlap >= SAME_FACE and t not in pairs and f not in pairs.values():
            pairs[t] = f
    return pairs


def _moved(track: Track, sighting: Sighting, source: int, elapsed: float) -> Track:
    elapsed += track.unseen
    box_weight = 1 - np.exp(-elapsed / BOX_SECONDS)
    age_weight = float(1 - np.exp(-elapsed / AGE_SECONDS))
    return Track(
        track.number,
        track.box + box_weight * (sighting.box - track.box),
        track.age + age_weight * (sighting.age - track.age),
        track.probabilities + age_weight * (sighting.probabilities - track.probabilities),
        source=source,
    )
