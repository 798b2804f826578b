"""The live camera: one frame in, boxes and smoothed ages out."""

import time
from dataclasses import dataclass, field
from typing import Any, Final

import gradio as gr

from app import text
from app.components.live_view import live_view
from app.services import Photo, Problem, Services, attempt, from_data_url
from sadal_core.faces.image import decode
from sadal_core.faces.tracking import Sighting, Track, Tracking, follow

_FRAME_NAME: Final = "The camera's picture"
_STREAMS_AT_ONCE: Final = 4


@dataclass(frozen=True)
class LiveState:
    """What a session remembers between frames: tracks, and when the last frame came."""

    tracking: Tracking = field(default_factory=Tracking)
    seen_at: float = 0.0


def build(services: Services) -> None:
    """Lay out the live half of the view and wire it."""
    view = live_view()
    state = gr.State(LiveState(), time_to_live=600)

    def frame(state: LiveState, event: gr.EventData) -> tuple[dict[str, Any], LiveState]:
        return next_frame(services, state, event._data, now=time.monotonic())

    # "multiple": the browser itself waits for each answer, and sends the next frame as soon as
    # it is drawn, which is before Gradio counts the event as done.
    view.frame(
        frame, state, [view, state], show_progress="hidden", trigger_mode="multiple",
        concurrency_limit=_STREAMS_AT_ONCE, api_visibility="private",
    )  # fmt: skip


def next_frame(
    services: Services, state: LiveState, data: Any, *, now: float
) -> tuple[dict[str, Any], LiveState]:
    """Answer to a frame, and what to remember.

    Args:
        services: what to estimate with.
        state: what was remembered after the frame before.
        data: from the browser: `number` of the frame and its `image` as a data URL.
        now: seconds on any steady clock.
    """
    sent = data if isinstance(data, dict) else {}
    number = sent.get("number")
    started = time.perf_counter()
    result = attempt(lambda: _read(services, str(sent.get("image", ""))))
    milliseconds = 1000 * (time.perf_counter() - started)
    answer = {"number": number, "milliseconds": milliseconds}
    if isinstance(result, Problem):
        return {**answer, "problem": result.sentence}, state
    sightings = [
        Sighting(face.face.box, face.summary.age, face.probabilities) for face in result.faces
    ]
    elapsed = max(0.0, now - state.seen_at)
    tracking = follow(state.tracking, sightings, elapsed=elapsed)
    size = [result.image.shape[1], result.image.shape[0]]
    faces = [_drawn(track) for track in tracking.visible]
    return {**answer, "size": size, "faces": faces}, LiveState(tracking, now)


def _read(services: Services, url: str) -> Photo:
    image = decode(from_data_url(url), name=_FRAME_NAME)
    return Photo(_FRAME_NAME, image, services.estimate(image))


def _drawn(track: Track) -> dict[str, Any]:
    from sadal_core.ages import summarise  # imports torch, which the estimate has done by now

    age, low, high = summarise(track.probabilities, age=track.age)
    return {
        "number": track.number,
        "box": [round(float(edge), 1) for edge in track.box],
        "age": text.years(age),
        "interval": text.span(low, high),
    }
