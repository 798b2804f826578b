import json
from collections.abc import Iterator
from html import escape
from typing import Any

import pytest

from app import lab_text as text
from app.lab_room import SEATS
from app.tabs.train import answers
from sadal_core.lab.picture import picture
from sadal_core.lab.state import LabState
from tests.fakes import services_for
from tests.page import Page, event, visitor
from tests.train_view import (
    alone,
    answered,
    checked,
    inputs,
    places,
    started,
    turned,
    values,
)


@pytest.fixture(scope="module")
def shared() -> Page:
    return Page(services_for([]))


@pytest.fixture
def page(shared: Page) -> Iterator[Page]:
    yield shared
    for session in ("somebody", *"abcdefg"):
        shared.services.room.leave(session)


def test_what_is_first_seen_is_the_preset_and_it_is_not_made_again(page: Page) -> None:
    answer = page.call("lab_opened", visitor(), "toy", "midpoint")
    start = answer["sadal-lab"]
    assert json.loads(json.dumps(start, allow_nan=False)) == start
    assert set(start["figures"]) == set(text.FIGURES) == {"features", "metric", *text.CURVES}
    assert start["texts"] == {"data": "toy", "preset": "midpoint"}
    frame = checked(start["frame"])
    lab = LabState.of("toy", "midpoint").lab(None)
    assert frame["records"] == lab.records
    assert (frame["turn"], frame["turns"], frame["left"]) == (0, "", 0)
    assert frame["possible"] == ["both", "metric"]
    assert frame["points"] == places(picture(lab))
    assert (answer["sadal-lab-preset"], answer["sadal-lab-generator"]) == ("midpoint", "midpoint")
    assert all(escape(one) in answer["sadal-lab-watch"] for one in text.WATCH["midpoint"])
    again = page.call("lab_opened", visitor(), "toy", "paper")
    assert again == {"sadal-lab": start}


def test_figures_that_are_kept_are_those_that_would_be_made(page: Page) -> None:
    def figures(seed: int, *, anew: bool) -> dict[str, Any]:
        if anew:
            answers._blank.cache_clear()
        return started(page, seed=seed)["sadal-lab"]["figures"]

    kept = [figures(seed, anew=False) for seed in (1, 2, 1)]
    assert kept == [figures(seed, anew=True) for seed in (1, 2, 1)]
    assert kept[0]["metric"] != kept[1]["metric"]
    assert kept[0]["losses"] == kept[1]["losses"]


def test_a_preset_sets_every_control(page: Page) -> None:
    page.call("lab_opened", visitor(), "toy", "corrected")
    answer = page.call("preset_chosen", visitor(), "toy", "printed")
    config = LabState.of("toy", "printed").config
    for name in inputs(page)[2:]:
        assert answer[name] == getattr(config, name.removeprefix("sadal-lab-"))
    assert answer["sadal-lab-note"] == ""
    assert "--preset printed --turns {turns}</pre>" in answer["sadal-lab-command"]
    assert answer["sadal-lab"]["texts"] == {"data": "toy", "preset": "printed"}


def test_frames_bring_what_the_browser_does_not_have(page: Page) -> None:
    run = started(page)["sadal-lab"]["frame"]["run"]
    records = alone("").records
    frame: dict[str, Any] = {"turn": 0}
    while (taken := frame["turn"]) < 25:
        asked = min(7, 25 - taken)
        frame = checked(turned(page, turn="both", count=asked, have=len(records))["sadal-lab"])
        assert (frame["run"], frame["from"]) == (run, len(records))
        assert 1 <= frame["turn"] - taken <= asked
        records += frame["records"]
    lab = alone("25b")
    assert records == lab.records
    assert [record["turn"] for record in records] == [0, 10, 20]
    assert frame["turns"] == lab.state() == "25b"
    assert frame["points"] == places(picture(lab))
    for turn in ("generator", "metric"):
        frame = turned(page, turn=turn, count=1, have=len(records))["sadal-lab"]
        records += frame["records"]
    lab = alone("25b1g1m")
    assert (records, frame["turns"]) == (lab.records, "25b1g1m")
    assert turned(page, turn="again", count=0, have=0)["sadal-lab"]["records"] == records


def test_a_training_that_was_put_away_is_made_again(page: Page) -> None:
    started(page)
    page.services.room.leave("somebody")
    answer = turned(page, turn="both", count=1, have=3, turns="11b2g1m")
    start = answer["sadal-lab"]
    assert (start["frame"]["turn"], start["frame"]["left"]) == (0, 14)
    assert start["texts"] == LabState("toy", "corrected", alone("").config).texts()
    frame, records = start["frame"], start["frame"]["records"]
    while frame["left"]:  # whatever else is asked for meanwhile
        frame = checked(turned(page, turn="metric", count=9, have=len(records))["sadal-lab"])
        records += frame["records"]
    lab = alone("11b2g1m")
    assert (frame["turns"], records) == (lab.state(), lab.records)
    assert frame["points"] == places(picture(lab))
    page.services.room.leave("somebody")
    for nonsense in ("4x", "9999b", ["1b"], {"b": 1}, 10**30, True):
        answer = turned(page, turns=nonsense, run=7)
        assert answer.pop("sadal-lab") == {"run": 7, "refused": True}
        assert list(answer) == ["sadal-lab-note"]
        assert text.REFUSED in answer["sadal-lab-note"]
    assert len(page.services.room) == 0


def test_a_forged_message_trains_nothing(page: Page) -> None:
    frame = started(page)["sadal-lab"]["frame"]
    turns = (None, ["both"], {"both": 1}, "BOTH", "", "again", 1, True, float("nan"))
    counts = (None, "5", 5.0, True, -5, 0, float("nan"), float("inf"), [5], {"5": 5})
    forged: list[Any] = [None, [], "both", 5, {}, {"count": 10**400}]
    forged += [{"turn": turn, "count": 5} for turn in turns]
    forged += [{"question": number} for number in (None, "1", 1.5, True, -1, float("nan"))]
    forged += [{"turn": "both", "count": count, "have": count} for count in counts if count != 5]
    for asked in forged:
        answer = answered(page.call("turned", visitor(), event(asked), *values(page)), 0)
        assert answer == {"sadal-lab": frame}, asked


def test_counts_are_clamped_to_what_there_is(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "BUDGET", 60)
    assert answers._MOST_ASKED == 100
    monkeypatch.setattr(answers, "_MOST_ASKED", 12)
    started(page)
    frame = turned(page, turn="metric", count=10**400, have=-(10**400))["sadal-lab"]
    assert (frame["turns"], frame["from"], len(frame["records"])) == ("12m", 0, 13)
    for have in (10**400, 13):
        frame = turned(page, have=have)["sadal-lab"]
        assert (frame["from"], frame["records"]) == (13, [])
    for nonsense in (-1, 3.0, None, True, "3", float("nan"), [3]):
        assert turned(page, have=nonsense)["sadal-lab"]["from"] == 0


SENSELESS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"tau": 50.0}, "Take tau of at most"),
    ({"C": 0.9}, "makes Q fall"),
    ({"learning_rate": "fast"}, "learning_rate takes a float"),
    ({"learning_rate": 0}, "learning_rate must be from"),
    ({"generator_rate": float("nan")}, "generator_rate must be from"),
    ({"seed": None}, "seed takes a int"),
    ({"seed": -1}, "seed must be from 0"),
    ({"seed": 10**20}, "seed must be from 0"),
    ({"batch_size": 10**9}, "batch_size must be from"),
    ({"age_window": 0}, "age_window must be at least 1"),
    ({"metric_epochs": None}, "metric_epochs takes a int"),
    ({"generator": "none", "generator_epochs": 2}, "generator_epochs must be 0"),
    ({"alternating_epochs": 0}, "at least one epoch"),
    ({"variant": "<b>"}, "&lt;b&gt;"),
)


def test_settings_that_make_no_sense_are_refused_in_words_and_the_lab_stays(page: Page) -> None:
    started(page)
    before = turned(page, turn="metric", count=1)["sadal-lab"]
    for changes, words in SENSELESS:
        told = dict(zip(inputs(page), values(page), strict=True))
        told |= {f"sadal-lab-{name}": value for name, value in changes.items()}
        answer = page.call("settings_changed", visitor(), *told.values())
        assert list(answer) == ["sadal-lab-note"]
        assert text.REFUSED in answer["sadal-lab-note"]
        assert words in answer["sadal-lab-note"]
        assert turned(page)["sadal-lab"] == before


def test_a_preset_that_is_not_here_is_refused_and_the_lab_stays(page: Page) -> None:
    before = started(page)["sadal-lab"]["frame"]
    for asked in (("faces", "paper"), ("toys", "paper"), ("toy", "?"), ("", ""), ("toy", "")):
        answer = page.call("preset_chosen", visitor(), *asked)
        assert text.REFUSED in answer["sadal-lab-note"]
        assert "sadal-lab" not in answer
        assert turned(page)["sadal-lab"] == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"generator_rate": 10.0}, "the loss of the generator is"),
        ({"generator_rate": 10.0, "generator": "linear", "dim": 3}, "smaller generator_rate"),
        ({"generator_rate": 10.0, "adv": "printed", "dim": 100}, "than 10 or smaller weights"),
        ({"learning_rate": 10.0, "weight_decay": 10.0, "generator": "midpoint"},
         "the weights of the metric are no longer finite"),
    ],
)  # fmt: skip
def test_what_diverges_stops_with_a_sentence_and_is_still_a_picture(
    page: Page, changes: dict[str, Any], words: str
) -> None:
    frame = started(page, **changes)["sadal-lab"]["frame"]
    for _ in range(40):
        frame = checked(turned(page, turn="both", count=20)["sadal-lab"])
        if frame["problem"]:
            break
    assert f"diverged at turn {frame['turn'] + 1}" in frame["problem"]
    assert words in frame["problem"]
    for turn in ("both", "metric"):
        assert checked(turned(page, turn=turn, count=5)["sadal-lab"]) == frame
    opened = page.call("lab_opened", visitor(), "toy", "corrected")["sadal-lab"]
    assert json.loads(json.dumps(opened, allow_nan=False)) == opened
    lab = alone(frame["turns"], **changes)
    assert frame["records"] == lab.records
    assert frame["points"] == places(picture(lab))
    assert started(page)["sadal-lab"]["frame"]["problem"] == ""


def test_turns_that_settings_do_not_have_are_said_to_be_none(page: Page) -> None:
    without = started(page, preset="no generator")["sadal-lab"]
    assert without["frame"]["possible"] == ["both", "metric"]
    assert without["frame"]["points"]["metric"]["generated"] == {"x": [], "y": []}
    frame = checked(turned(page, turn="generator", count=2)["sadal-lab"])
    assert (frame["turn"], "no turn of the generator alone" in frame["problem"]) == (0, True)
    started(page, alternating_epochs=1, batch_size=256)
    for _ in range(9):
        frame = checked(turned(page, turn="both", count=1)["sadal-lab"])
        if frame["finished"]:
            break
    assert (frame["finished"], frame["problem"]) == (True, "")
    again = checked(turned(page, turn="both", count=50)["sadal-lab"])
    assert (again["turn"], again["finished"], again["problem"]) == (frame["turn"], True, "")


def test_who_comes_when_all_seats_are_taken_waits_for_one(page: Page) -> None:
    sessions = "abcdef"
    runs = {session: started(page, session)["sadal-lab"]["frame"]["run"] for session in sessions}
    asked = {"turn": "metric", "count": 1, "have": 1}
    first = {session: turned(page, session, **asked)["sadal-lab"] for session in sessions}
    assert [first[session].get("turn") for session in sessions] == [1] * SEATS + [None] * 2
    for place, session in enumerate("ef", start=1):
        assert first[session] == {"run": runs[session], "waiting": place, "seats": SEATS}
    assert page.handlers["rested"][0](visitor("b")) is None
    assert turned(page, "f", **asked)["sadal-lab"]["waiting"] == 1
    assert turned(page, "e", **asked)["sadal-lab"]["turn"] == 1
    page.services.room.leave("a")
    assert turned(page, "f", **asked)["sadal-lab"]["turns"] == "1m"
    page.handlers["rested"][0](visitor("nobody"))
