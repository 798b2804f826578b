"""Choices that accept from a browser only what they offer.

Gradio's own let nothing pass as a choice, and a list of choices where one is to be made; either
would reach code that was promised one of the names.
"""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from app import text


class Radio(gr.Radio):
    """Gradio's, with exactly one of its values."""

    def preprocess(self, payload: Any) -> Any:
        """The value that was sent."""
        return super().preprocess(_one_of(self.choices, payload))


class Dropdown(gr.Dropdown):
    """Gradio's, with one of its values, or some; values of one's own are left to whoever asks."""

    def preprocess(self, payload: Any) -> Any:
        """The value that was sent, or the values."""
        if not self.allow_custom_value:
            sent = payload if self.multiselect and isinstance(payload, list) else [payload]
            for value in sent:
                _one_of(self.choices, value)
        return super().preprocess(payload)


def _one_of(choices: Sequence[tuple[str, Any]], sent: Any) -> Any:
    """What was sent.

    Raises:
        gr.Error: it is none of the values. JSON has one kind of number, and True is none.
    """
    if isinstance(sent, bool) or not any(value == sent for _, value in choices):
        raise gr.Error(text.NO_CHOICE, print_exception=False)
    return sent
