"""What the Train view answers: starts and frames of a lab, as the browser's part reads them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final

from app import lab_text as text
from app.components.figure import figure_data
from app.components.words import sentences
from app.figures.lab_curves import CURVES, lab_curves
from app.figures.lab_maps import LabPlane, LabPoints, filled, lab_map, moving
from app.lab_room import SEATS, Bench, LabRoom
from sadal_core.errors import SadalError

if TYPE_CHECKING:  # at run time these would import torch
    from sadal_core.lab.picture import Picture
    from sadal_core.lab.state import LabState

BUDGET: Final = 0.5  # seconds of training in one frame
_MOST_ASKED: Final = 100  # turns in one frame
_MOST_QUESTIONS: Final = 2**53  # beyond, a browser does not tell whole numbers apart
_MAPS: Final = ("features", "metric")
_REACH: Final = {  # of the axes: |x|^2 is 1 on average, and embeddings have length 1
    ("features", "faces"): 1.6, ("features", "toy"): 2.2,
    ("metric", "faces"): 1.3, ("metric", "toy"): 1.15,
}  # fmt: skip


def start(bench: Bench) -> dict[str, Any]:
    """Figures and first frame of a lab."""
    from sadal_core.lab.picture import picture

    now, blank = picture(bench.lab), _blank(bench.lab.faces.name)
    maps = {name: filled(blank[name], _points(now, name)) for name in _MAPS}
    return {
        "figures": blank | maps,
        "frame": frame(bench, 0, now),
        "texts": replace(bench.state, turns="").texts(),
    }


@cache
def _blank(data: str) -> dict[str, dict[str, Any]]:
    """Figures of a lab as they are before it puts anything in; plotly takes long to make them."""
    maps = {name: lab_map(_plane(name, data)) for name in _MAPS}
    curves = {name: lab_curves(name, text.CURVES[name]) for name in CURVES}
    return {name: figure_data(figure) for name, figure in (maps | curves).items()}


def frame(bench: Bench, have: int, now: "Picture", *, problem: str = "") -> dict[str, Any]:
    """What has changed in a lab.

    Args:
        bench: where it stands.
        have: how many records the browser has.
        now: the lab as it is.
        problem: why it does not go on, in words.
    """
    lab = bench.lab
    return {
        "run": bench.number,
        "from": have,
        "records": lab.records[have:],
        "turn": len(lab.turns),
        "turns": lab.state(),
        "left": len(bench.pending),
        "finished": lab.finished,
        "possible": [str(turn) for turn in lab.possible],
        "points": {name: moving(_points(now, name)) for name in _MAPS},
        "problem": problem,
    }


def advance(room: LabRoom, session: str, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Train for a moment, as the browser asks; None where the session has no lab.

    Args:
        room: of all labs.
        session: whose lab.
        asked: `turn` and `count` of turns, how many records it `have`s.
    """
    from sadal_core.lab.picture import picture
    from sadal_core.training.metric.run import Turn

    place = room.waiting(session)
    with room.bench(session) as bench:
        if bench is None:
            return None
        if place:
            return {"run": bench.number, "waiting": place, "seats": SEATS}
        wanted = asked.get("turn")
        turns = (
            [Turn(wanted)] * _between(asked.get("count"), _MOST_ASKED)
            if wanted in list(Turn)
            else []
        )
        problem = ""
        try:
            bench.work(turns, BUDGET)
        except SadalError as error:
            problem = str(error)
        have = _between(asked.get("have"), len(bench.lab.records))
        return frame(bench, have, picture(bench.lab), problem=problem)


def question(asked: Mapping[str, Any]) -> dict[str, int]:
    """The number of what the browser asks, which the answer carries; 0 where it has none."""
    return {"question": _between(asked.get("question"), _MOST_QUESTIONS)}


def _between(value: Any, most: int) -> int:
    return max(0, min(value, most)) if type(value) is int else 0


def _points(now: "Picture", name: str) -> LabPoints:
    samples, generated = getattr(now, name), getattr(now, f"generated_{name}")
    return LabPoints(samples, generated, now.ages, now.source, now.anchor)


def _plane(name: str, data: str) -> LabPlane:
    title = text.FEATURES_TITLE if name == "features" else text.METRIC_TITLE
    axes = text.FEATURES_AXES if name == "features" else text.METRIC_AXES
    return LabPlane(title, axes[data], _REACH[name, data], text.POINT_NAMES)


def watch(preset: str, data: str) -> str:
    """What to watch with a preset and its data, as HTML."""
    return sentences([*text.WATCH[preset], text.DATA_HINTS[data]])


def command(state: "LabState") -> str:
    """The command that gives the same numbers, as HTML; the browser fills in the turns."""
    words = escape(text.command(state.texts() | {"turns": "{turns}"}))
    pre = f'<pre class="sadal-command" tabindex="0">{words}</pre>'
    return f'<p class="sadal-hint">{text.COMMAND}</p>{pre}'
