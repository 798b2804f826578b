from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadal_core.errors import ConfigError
from sadal_core.lab.turns import MOST_TURNS, read_turns, write_turns
from sadal_core.training.metric.run import Turn

B, G, M = Turn.BOTH, Turn.GENERATOR, Turn.METRIC
stretches = st.lists(st.tuples(st.sampled_from(list(Turn)), st.integers(1, 100)), max_size=20)


@given(stretches)
def test_what_is_written_is_read_again(parts: list[tuple[Turn, int]]) -> None:
    turns = [turn for turn, count in parts for _ in range(count)]
    text = write_turns(turns)
    assert read_turns(text) == turns
    assert write_turns(read_turns(text)) == text


@given(st.lists(st.sampled_from(list(Turn)), max_size=50))
def test_no_two_parts_of_a_text_say_the_same(turns: list[Turn]) -> None:
    letters = [c for c in write_turns(turns) if c.isalpha()]
    assert all(one != next_ for one, next_ in zip(letters, letters[1:], strict=False))


@pytest.mark.parametrize(
    ("text", "turns"),
    [("", []), ("2b", [B, B]), ("1g1m2b", [G, M, B, B]), ("1b1b", [B, B]), ("0g1m", [M])],
)
def test_a_text_is_a_number_and_a_letter_for_each_stretch(text: str, turns: list[Turn]) -> None:
    assert read_turns(text) == turns


@pytest.mark.parametrize(
    "text", ["b", "3", "3x", "3B", "b3", "3b ", " 3b", "-3b", "3.5b", "3b,2g", "3b\n", "12345b"]
)
def test_other_texts_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="as in 120b3g; got") as caught:
        read_turns(text)
    assert repr(text) in str(caught.value)


@given(st.text(max_size=20))
def test_no_text_is_a_crash(text: str) -> None:
    with suppress(ConfigError):
        turns = read_turns(text)
        assert read_turns(write_turns(turns)) == turns


def test_more_turns_than_a_lab_takes_are_refused_in_a_short_sentence() -> None:
    assert len(read_turns(f"{MOST_TURNS}b")) == MOST_TURNS
    with pytest.raises(ConfigError, match="at most 5000 turns"):
        read_turns(f"{MOST_TURNS}b1g")
    for text in ("9999b" * 1000, "no turns" * 1000):
        with pytest.raises(ConfigError) as caught:
            read_turns(text)
        assert len(str(caught.value)) < 200
