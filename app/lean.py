"""Sessions without what Gradio's deep links need, which this page does not have.

For them Gradio describes every part of the page anew for each session, and again with each event:
0.4 MB and 18 ms of a processor for a visitor's first request, and for every call of a program.
"""

from types import SimpleNamespace
from typing import Any

from gradio import state_holder
from gradio.blocks import Blocks


class LeanSession(state_holder.SessionState):
    """A session that remembers values and changed parts, and describes nothing."""

    def __init__(self, blocks: Blocks) -> None:
        # Gradio describes those parts that are also in `blocks.blocks`.
        bare: Any = SimpleNamespace(default_config=blocks.default_config, blocks={})
        super().__init__(bare)

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


def keep_sessions_lean() -> None:
    """Make Gradio use `LeanSession` in this process; it has no setting for it."""
    setattr(state_holder, "SessionState", LeanSession)  # noqa: B010
