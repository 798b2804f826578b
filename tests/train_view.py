"""Questions of a browser to the Train view, on small trainings of the toy."""

import json
from dataclasses import replace
from typing import Any

from app.figures.lab_maps import LabPoints, moving
from sadal_core.lab.lab import Lab
from sadal_core.lab.picture import Picture
from sadal_core.lab.state import LabState
from tests.page import Page, event, visitor

SMALL = {"batch_size": 32, "hidden": 8}
QUESTION = 7
FRAME = {
    "run", "from", "records", "turn", "turns", "left", "finished", "possible", "points", "problem",
}  # fmt: skip


def inputs(page: Page) -> list[str]:
    """Ids of the controls, in the order of the handlers."""
    (made,) = [f for f in page.demo.fns.values() if f.name == "turned"]
    return [str(part.elem_id) for part in made.inputs]


def values(page: Page, preset: str = "corrected", **changes: Any) -> list[Any]:
    """What the controls hold that have been set to a preset of the toy, and changed."""
    config = replace(LabState.of("toy", preset).config, **SMALL | changes)
    named = {"data": "toy", "preset": preset} | vars(config)
    return [named[name.removeprefix("sadal-lab-")] for name in inputs(page)]


def started(page: Page, session: str = "somebody", **changes: Any) -> dict[str, Any]:
    return page.call("settings_changed", visitor(session), *values(page, **changes))


def turned(page: Page, session: str = "somebody", **asked: Any) -> dict[str, Any]:
    return answered(page.call(
        "turned", visitor(session), event({"question": QUESTION} | asked), *values(page)
    ), QUESTION)  # fmt: skip


def answered(answer: dict[str, Any], question: Any) -> dict[str, Any]:
    """The answer without the number of its question, which every frame carries."""
    lab = answer.get("sadal-lab", {"question": question})
    if "figures" not in lab:  # of a fresh start, which answers no question
        assert lab.pop("question") == question
    return answer


def checked(frame: dict[str, Any]) -> dict[str, Any]:
    """A frame that the browser can read."""
    assert set(frame) == FRAME
    assert json.loads(json.dumps(frame, allow_nan=False)) == frame
    return frame


def alone(turns: str, preset: str = "corrected", **changes: Any) -> Lab:
    """The same training without a page."""
    config = replace(LabState.of("toy", preset).config, **SMALL | changes)
    return LabState("toy", preset, config, turns).lab(None)


def places(now: Picture) -> dict[str, Any]:
    return {
        name: moving(
            LabPoints(
                getattr(now, name), getattr(now, f"generated_{name}"), now.ages, now.source,
                now.anchor,
            )
        )
        for name in ("features", "metric")
    }  # fmt: skip
