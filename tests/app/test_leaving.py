from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from app.engine import lab_faces
from app.lab_room import LabRoom
from app.leaving import leave
from sadal_core.lab.state import LabState


def kept(*sessions: str) -> tuple[gr.Blocks, LabRoom]:
    """A page and a room that hold something of every session."""
    demo, room = gr.Blocks(), LabRoom(lab_faces(None))
    held = SimpleNamespace(session_data=dict.fromkeys(sessions, "photo"), time_last_used={})
    demo.app = SimpleNamespace(state_holder=held)  # type: ignore[assignment]
    for session in sessions:
        room.start(session, LabState.of("toy", "corrected"))
    return demo, room


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, Callable[[], None]]]:
    """What is to happen later, and after how many seconds; nothing happens by itself."""
    planned: list[tuple[float, Callable[[], None]]] = []

    class Timer:
        def __init__(self, late: float, action: Callable[[], None]) -> None:
            planned.append((late, action))

        def start(self) -> None:
            assert self.daemon  # type: ignore[attr-defined]

    monkeypatch.setattr("app.leaving.threading.Timer", Timer)
    return planned


def test_a_visitor_who_leaves_is_forgotten(timers: list[Any]) -> None:
    demo, room = kept("here", "gone")
    for session in ("gone", None, "unknown"):
        leave(demo, room, session)
    assert demo.app.state_holder.session_data == {"here": "photo"}
    assert len(room) == 1
    assert len(timers) == 3


def test_what_a_late_answer_puts_back_is_forgotten_too(timers: list[Any]) -> None:
    demo, room = kept("here", "gone")
    leave(demo, room, "gone", late=7)
    sessions: Any = demo.app.state_holder.session_data
    sessions["gone"] = "photo of an answer under way"
    room.start("gone", LabState.of("toy", "corrected"))
    ((late, again),) = timers
    assert late == 7
    again()
    assert sessions == {"here": "photo"}
    with room.bench("gone") as gone, room.bench("here") as here:
        assert gone is None
        assert here is not None
