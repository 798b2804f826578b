import math
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.link import Link, among, between, one_of, read_fields, read_link, some_of, whole
from sadal_core.errors import ConfigError, DataError

VIEWS = ("estimate", "map", "q", "größe & more", "七")
OWN = ("view", "lesson", "step", "lock", "hide")
HUGE = "9" * 5000  # more digits than Python reads as one number

names = st.text(min_size=1, max_size=12).filter(lambda name: name not in OWN and name[:2] != "__")
lists = st.lists(
    st.text(min_size=1, max_size=8).filter(lambda name: "," not in name), unique=True, max_size=4
).map(tuple)
links = st.builds(
    Link,
    view=st.sampled_from(("", *VIEWS)),
    texts=st.dictionaries(names, st.text(max_size=12), max_size=5),
    lock=lists,
    hide=lists,
    lesson=st.just(""),
) | st.builds(
    Link,
    view=st.sampled_from(("", *VIEWS)),
    texts=st.dictionaries(names, st.text(max_size=12), max_size=5),
    lesson=st.text(min_size=1, max_size=12),
    step=st.integers(1, 1000),
)
queries = st.one_of(
    st.text(max_size=300),
    st.text("&=;%+?#,_/\\ \0\n²view lock", max_size=300),
    st.lists(
        st.tuples(st.sampled_from((*OWN, "kind", "__theme", "é")), st.text(max_size=20)), max_size=9
    ).map(lambda pairs: urlencode(pairs, errors="replace")),
)


@given(links)
def test_a_query_is_read_as_the_link_it_was_made_of(link: Link) -> None:
    query = link.query()
    assert query.isascii()
    for start in ("", "?"):
        assert read_link(start + query, VIEWS) == (link, [])


@given(queries)
def test_no_query_is_too_absurd_to_be_read_and_what_is_read_is_read_again(query: str) -> None:
    link, notes = read_link(query, VIEWS)
    assert link.view in ("", *VIEWS)
    assert 1 <= link.step <= 1000
    assert link.lesson or link.step == 1
    assert not any(name in OWN or name.startswith("__") for name in link.texts)
    assert len(notes) <= 2  # of the view, and of the step
    assert all(len(note) < 120 for note in notes)
    again = link.query()
    if len(again) <= 4000:
        assert read_link(again, VIEWS) == (link, [])


@pytest.mark.parametrize("query", ["", "?", "&&&", "=", "?%", "__theme=dark", "lock=&hide=,,,"])
def test_nothing_that_is_asked_for_is_nothing_to_speak_of(query: str) -> None:
    link, notes = read_link(query, VIEWS)
    assert (link.view, link.lock, link.hide, link.lesson, link.step) == ("", (), (), "", 1)
    assert set(link.texts) <= {"", "%"}
    assert notes == []


def test_what_is_too_long_is_left_out_as_a_whole() -> None:
    query = "view=map&kind=" + "x" * 3986
    assert len(query) == 4000
    assert read_link(query, VIEWS)[0].texts == {"kind": "x" * 3986}
    for longer in (query + "x", f"view={'é' * 10**6}", "&" * 4001):
        link, (note,) = read_link(longer, VIEWS)
        assert link == Link()
        assert "longer than 4000 characters" in note


def test_of_what_is_said_twice_the_last_holds() -> None:
    link, notes = read_link("view=nowhere&view=map&kind=a&kind=b&lock=c&lock=d,d,e", VIEWS)
    assert link == Link("map", {"kind": "b"}, lock=("d", "e"))
    assert notes == []


def test_a_view_that_is_not_there_is_named_and_the_rest_stays() -> None:
    for view in ("nowhere", "MAP", "map ", "../map", "<b>", "地図", "x" * 500):
        link, (note,) = read_link(f"view={quote(view)}&kind=pca&hide=all", VIEWS)
        assert link == Link("", {"kind": "pca"}, hide=("all",))
        assert f"“{view[:40]}”" in note
    assert read_link(f"view={quote('七')}", VIEWS) == (Link("七"), [])
    assert "\ufffd" in read_link("view=%ff%fe", VIEWS)[1][0]


@pytest.mark.parametrize(
    "step",
    ["0", "-1", "1001", "1.0", " 1", "", "one", "²", "٣", "1e2", "nan", HUGE[:3000],
     "0000000019999"],
)  # fmt: skip
def test_a_step_that_no_lesson_can_have_leads_to_the_first(step: str) -> None:
    link, (note,) = read_link(urlencode({"lesson": "a", "step": step}), VIEWS)
    assert link == Link(lesson="a", step=1)
    assert f"“{step[:40]}”" in note
    assert "the first one is shown" in note
    assert len(note) < 100


def test_steps_count_in_lessons_alone() -> None:
    assert read_link("lesson=a&step=1000", VIEWS) == (Link(lesson="a", step=1000), [])
    assert read_link("lesson=a", VIEWS) == (Link(lesson="a"), [])
    assert read_link("view=q&step=7", VIEWS) == (Link("q"), [])


def raises_data_error(text: str) -> Any:
    raise DataError(f"there is no point {text}.")


def test_each_text_gives_a_value_or_one_sentence() -> None:
    fields = {
        "kind": one_of(("pca", "umap")), "age": among((20, 30)), "tau": between(0.01, 2),
        "pick": raises_data_error,
    }  # fmt: skip
    texts = {
        "kind": "pca", "age": "25", "tau": "inf", "pick": "x " * 900, "<b>" + "n" * 99: "1",
    }  # fmt: skip
    values, notes = read_fields(texts, fields)
    assert values == {"kind": "pca"}
    assert len(notes) == 4
    assert notes[0] == "age=25 was left out: there is no such number here."
    assert notes[1] == "tau=inf was left out: a number from 0.01 to 2 is wanted."
    assert notes[2].startswith(f"pick={('x ' * 900)[:40]} was left out: there is no point x x")
    assert notes[3] == f"<b>{'n' * 37} was left out: this view has no such control."
    assert max(map(len, notes)) < 520
    assert read_fields({}, fields) == ({}, [])
    assert read_fields({"tau": "2", "age": "20"}, fields) == ({"tau": 2.0, "age": 20}, [])


@given(st.dictionaries(st.sampled_from("abcd"), st.text(max_size=30)))
def test_no_text_is_too_absurd_for_a_field(texts: dict[str, str]) -> None:
    fields = {"a": one_of(("x",)), "b": among(range(100)), "c": between(-1, 1)}
    values, notes = read_fields(texts, fields)
    assert len(values) + len(notes) == len(texts)
    assert values.get("a", "x") == "x"
    assert 0 <= values.get("b", 0) < 100
    assert -1 <= values.get("c", 0) <= 1


@given(st.floats(0.01, 2))
def test_a_number_between_the_ends_is_read_as_it_was_written(value: float) -> None:
    assert between(0.01, 2)(str(value)) == value


@pytest.mark.parametrize(
    "text",
    ["0.00999", "2.0000001", "-1", "nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e400",
     "²", "1²", "", " ", "1,5", "0x1", "1 2", "None", "1j", HUGE, "1" + "0" * 400],
)  # fmt: skip
def test_what_is_no_number_between_the_ends_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="from 0.01 to 2 is wanted"):
        between(0.01, 2)(text)


def test_the_ends_belong_to_a_range() -> None:
    assert [between(0.01, 2)(text) for text in ("0.01", "2", "1e0", ".5")] == [0.01, 2, 1, 0.5]
    assert between(-1, 1)("-1") == -1
    assert math.copysign(1, between(-1, 1)("-0")) == -1


@pytest.mark.parametrize(
    "text",
    ["", "²", "3²", "٣", "-3", "+3", "3.0", " 3", "3\n", "1_0", "0x3", "nan", "inf", "1e400",
     "1000000003", "00000000037", HUGE],
)  # fmt: skip
def test_what_is_no_whole_number_is_none_and_is_refused(text: str) -> None:
    assert whole(text) is None
    with pytest.raises(ConfigError, match="no such number"):
        among((3, 10, 37, 1000000003))(text)


def test_whole_numbers_that_there_are_are_read() -> None:
    assert [whole(text) for text in ("0", "007", "999999999")] == [0, 7, 999999999]
    assert [among(range(5))(text) for text in ("0", "04")] == [0, 4]
    for unknown in ("5", "999999999"):
        with pytest.raises(ConfigError):
            among(range(5))(unknown)
    with pytest.raises(ConfigError):
        among(())("0")


def test_names_are_known_to_the_letter() -> None:
    read = one_of(("pca", "no generator", "größe"))
    assert [read(name) for name in ("pca", "no generator", "größe")] == [
        "pca", "no generator", "größe",
    ]  # fmt: skip
    for other in ("", "PCA", "pc", "pca ", "gro\u0308ße", "pca\0", HUGE):
        with pytest.raises(ConfigError, match="known are pca, no generator, größe"):
            read(other)


def test_what_cannot_be_printed_makes_no_note_long() -> None:
    _, (note,) = read_link("view=" + "%00" * 60, VIEWS)
    assert note == f"There is no view “{'�' * 40}”."


def test_several_names_are_read_once_each_in_their_order_or_not_at_all() -> None:
    read = some_of(("a", "b", "c"))
    assert read("c,a,c") == ("c", "a")
    assert read("") == ()
    with pytest.raises(ConfigError, match="known are a, b, c"):
        read("a,d")
