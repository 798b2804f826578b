"""What happens when a tab is closed: everything of its visitor is forgotten."""

import threading
from typing import Final

import gradio as gr

from app.lab_room import LabRoom
from app.upkeep import give_back_memory

LATE: Final = 10.0  # seconds after which no request of a closed tab is still being answered


def leave(demo: gr.Blocks, room: LabRoom, session: str | None, *, late: float = LATE) -> None:
    """Forget a visitor now, and once more later.

    A request that was under way when the tab was closed may put something back: a photo that has
    just been read, a lab that was made again.
    """

    def again() -> None:
        forget(demo, room, session)
        give_back_memory()

    forget(demo, room, session)
    timer = threading.Timer(late, again)
    timer.daemon = True  # with the server all of it ends
    timer.start()


def forget(demo: gr.Blocks, room: LabRoom, session: str | None) -> None:
    """Drop everything that is kept for a visitor; Gradio itself would keep it for an hour."""
    if session is not None:
        demo.app.state_holder.session_data.pop(session, None)
        demo.app.state_holder.time_last_used.pop(session, None)
        room.leave(session)


def forget_call(demo: gr.Blocks, call: str) -> None:
    """Drop the session that Gradio makes for a call without one; on the event loop only."""
    sessions, queue = demo.app.state_holder, demo._queue
    for kept in (
        sessions.session_data, sessions.time_last_used,
        queue.pending_event_ids_session, queue.pending_messages_per_session,
    ):  # fmt: skip
        kept.pop(call, None)
