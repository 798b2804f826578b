from typing import Any

import gradio as gr
import pytest

from app.components.choice import Dropdown, Radio

ONE = [("one", 1), ("two", "b"), ("nothing", -1)]


@pytest.mark.parametrize("kind", [Radio, Dropdown])
def test_what_is_offered_is_taken(kind: Any) -> None:
    part = kind(ONE, value=1, render=False)
    assert [part.preprocess(value) for _, value in ONE] == [1, "b", -1]
    assert part.preprocess(1.0) == 1  # a browser's 1 and 1.0 are the same


@pytest.mark.parametrize("kind", [Radio, Dropdown])
@pytest.mark.parametrize("sent", [None, [], [1], ["b", 1], {}, {"value": 1}, True, 1.5, "1", "c"])
def test_anything_else_is_refused_in_words(kind: Any, sent: Any) -> None:
    part = kind(ONE, value=1, render=False)
    with pytest.raises(gr.Error, match="none of the choices"):
        part.preprocess(sent)


def test_several_or_ones_own_stay_possible() -> None:
    several = Dropdown(ONE, multiselect=True, render=False)
    assert several.preprocess([1, "b"]) == [1, "b"]
    assert several.preprocess([]) == []
    for sent in (None, 1.5, ["c"], [1, None], [[1]], [True]):
        with pytest.raises(gr.Error, match="none of the choices"):
            several.preprocess(sent)
    own = Dropdown(ONE, allow_custom_value=True, value=1, render=False)
    assert own.preprocess("mine") == "mine"
