import gc
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.engine import lab_faces
from app.lab_room import KEPT, SEATS, Bench, LabRoom
from sadal_core.errors import ConfigError, LabError
from sadal_core.lab.faces import LabFaces
from sadal_core.lab.lab import Lab
from sadal_core.lab.state import LabState
from sadal_core.lab.turns import read_turns
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.run import Turn
from tests.labs import alone, same, state

FACES = lab_faces(None)


class Clock:
    """A clock that stands still until it is told to go on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def room_of(**options: Any) -> tuple[LabRoom, Clock]:
    clock = Clock()
    return LabRoom(FACES, clock=clock, **options), clock


def bench_of(room: LabRoom, session: str) -> Bench:
    with room.bench(session) as bench:
        assert bench is not None
        return bench


def test_who_comes_first_is_served_first() -> None:
    room, clock = room_of(seats=2)
    assert [room.waiting(session) for session in "abcde"] == [0, 0, 1, 2, 3]
    clock.now = 3
    assert [room.waiting(session) for session in "edcba"] == [3, 2, 1, 0, 0]
    room.rest("b")
    assert [room.waiting(session) for session in "edca"] == [2, 1, 0, 0]
    assert room.waiting("b") == 3  # it is the last now
    room.leave("a")
    assert [room.waiting(session) for session in "cdeb"] == [0, 0, 1, 2]
    room.rest("nobody")
    assert SEATS == 4
    crowd, _ = room_of()
    assert [crowd.waiting(str(one)) for one in range(6)] == [0, 0, 0, 0, 1, 2]


def test_who_does_not_ask_again_for_a_while_loses_the_place() -> None:
    room, clock = room_of(seats=1)
    assert [room.waiting(session) for session in "abc"] == [0, 1, 2]
    clock.now = 4.0
    assert [room.waiting(session) for session in "cb"] == [2, 1]  # a is here to the last moment
    clock.now = 4.1
    assert room.waiting("b") == 0
    clock.now = 8.05
    assert [room.waiting(session) for session in "ba"] == [0, 1]  # c has gone, a comes anew
    clock.now = 1e9
    assert room.waiting("c") == 0


def test_the_least_recently_used_lab_is_put_away() -> None:
    room, _ = room_of(kept=3)
    numbers = [room.start(session, state()) for session in "abc"]
    assert numbers == [1, 2, 3]
    bench_of(room, "a")  # looked at: b is now the one that was left alone longest
    assert room.start("d", state()) == 4
    assert len(room) == 3
    with room.bench("b") as gone:
        assert gone is None
    assert [bench_of(room, session).number for session in "acd"] == [1, 3, 4]
    assert room.start("a", state()) == 5  # in the place of its own
    assert len(room) == 3
    assert bench_of(room, "a").number == 5
    many, _ = room_of()
    for session in range(KEPT + 2):
        many.start(str(session), state())
    assert len(many) == KEPT


def test_who_leaves_leaves_nothing() -> None:
    room, _ = room_of(seats=1)
    room.start("a", state("2b"))
    bench = bench_of(room, "a")
    bench.work((), 9)
    lab, model = weakref.ref(bench.lab), weakref.ref(bench.lab.run.players.model)
    del bench
    assert [room.waiting(session) for session in "ab"] == [0, 1]
    room.leave("a")
    gc.collect()
    assert lab() is model() is None
    assert len(room) == 0
    assert room.waiting("b") == 0
    for session in ("a", "nobody", ""):
        room.leave(session)
    with room.bench("a") as nothing:
        assert nothing is None


def test_a_lab_that_is_replaced_or_put_away_is_freed() -> None:
    room, _ = room_of(kept=1)
    freed = []
    for session in ("a", "a", "b"):
        room.start(session, state())
        freed.append(weakref.ref(bench_of(room, session).lab))
    gc.collect()
    assert [lab() is None for lab in freed] == [True, True, False]


def test_a_start_that_fails_keeps_the_lab_at_hand() -> None:
    room, _ = room_of()
    told = state("3b")
    room.start("a", told)
    bench = bench_of(room, "a")
    bench.work((), 0)
    without = LabState.of("faces", "corrected")
    with pytest.raises(ConfigError, match="no gallery"):
        room.start("a", without)
    with pytest.raises(ConfigError, match="Turns are numbers"):
        room.start("a", state("three"))
    assert bench_of(room, "a") is bench
    assert (bench.number, bench.state, len(bench.lab.turns), len(bench.pending)) == (1, told, 1, 2)
    with pytest.raises(ConfigError):
        room.start("b", without)
    assert len(room) == 1


def test_two_visitors_who_train_in_turn_do_not_know_of_each_other() -> None:
    one, other = state("12b", seed=3), state("7b2g2m1b", seed=4, generator_rate=0.1)
    room, _ = room_of()
    for session, told in (("one", one), ("other", other)):
        room.start(session, told)
    for _ in range(12):
        for session in ("one", "other"):
            bench_of(room, session).work((), 0)
    benches = [bench_of(room, session) for session in ("one", "other")]
    for bench, told in zip(benches, (one, other), strict=True):
        assert same(bench.lab, alone(told))
        assert bench.lab.state() == told.turns
    assert not same(benches[0].lab, benches[1].lab)


def test_pending_turns_come_first_and_one_at_least() -> None:
    lab = alone(state())
    bench = Bench(1, state(), lab, deque(read_turns("2m")))
    bench.work([Turn.GENERATOR], 0)
    assert (lab.state(), len(bench.pending)) == ("1m", 1)
    bench.work([Turn.GENERATOR] * 5, 60)
    assert (lab.state(), len(bench.pending)) == ("2m", 0)
    bench.work([Turn.GENERATOR] * 3, 0)
    assert lab.state() == "2m1g"
    bench.work(iter([Turn.BOTH] * 2), 60)
    assert lab.state() == "2m1g2b"
    bench.work([], 60)
    assert lab.state() == "2m1g2b"


def test_a_lab_that_has_ended_gives_up_what_was_pending() -> None:
    told = state(alternating_epochs=1, batch_size=256)
    bench = Bench(1, told, alone(told), deque(read_turns("50b")))
    bench.work((), 60)
    assert bench.lab.finished
    assert 0 < len(bench.lab.turns) < 50
    assert not bench.pending


def test_turns_that_cannot_be_taken_are_given_up() -> None:
    told = state(generator="none")
    bench = Bench(1, told, alone(told), deque(read_turns("1b5g3b")))
    with pytest.raises(ConfigError, match="no turn of the generator alone"):
        bench.work((), 60)
    assert (bench.lab.state(), list(bench.pending)) == ("1b", [])
    bench.work([Turn.METRIC], 60)
    assert bench.lab.state() == "1b1m"
    wild = state(generator_rate=10, learning_rate=10)
    bench = Bench(1, wild, alone(wild), deque(read_turns("500b")))
    with pytest.raises(LabError, match="diverged at turn"):
        bench.work((), 60)
    assert 0 < len(bench.lab.turns) < 500
    assert not bench.pending


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads that take turns all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def together(*work: Callable[[], object]) -> None:
    """Do everything at the same time; what fails in a thread fails here."""
    barrier, errors = threading.Barrier(len(work)), []

    def run(one: Callable[[], object]) -> None:
        barrier.wait()
        try:
            one()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


@pytest.mark.usefixtures("hasty")
def test_labs_that_start_at_the_same_time_are_those_of_their_seeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawing, most = [], []

    def drawn(faces: LabFaces, config: MetricConfig) -> Lab:
        drawing.append(config.seed)
        time.sleep(0.01)  # in which the others would begin to draw from the same generator
        most.append(len(drawing))
        lab = Lab(faces, config)
        drawing.pop()
        return lab

    monkeypatch.setattr("sadal_core.lab.lab.Lab", drawn)
    told = {f"{seed}/{n}": state(seed=seed) for seed in (1, 2) for n in range(3)}
    room, _ = room_of()
    together(*(lambda s=s: room.start(s, told[s]) for s in told))
    assert most == [1] * 6
    monkeypatch.undo()
    for session, one in told.items():
        assert same(bench_of(room, session).lab, alone(one)), session


@pytest.mark.usefixtures("hasty")
def test_a_crowd_does_not_confuse_a_room() -> None:
    room, clock = room_of(seats=2, kept=3)
    told = {session: state("3b2m", seed=seed) for seed, session in enumerate("abcde")}

    def visit(session: str, *, leaving: bool) -> None:
        for _ in range(3):
            room.start(session, told[session])
            for _ in range(3):
                assert 0 <= room.waiting(session) <= 4
                with room.bench(session) as bench:
                    if bench is not None:  # not yet put away for another
                        assert bench.state == told[session]
                        bench.work((), 0)
            room.rest(session)
            clock.now += 1
            assert len(room) <= 3
            if leaving:
                room.leave(session)

    together(*(lambda s=s: visit(s, leaving=s in "ab") for s in told))
    clock.now += 100
    assert [room.waiting(session) for session in "xyz"] == [0, 0, 1]
    for session, one in told.items():
        with room.bench(session) as bench:
            if bench is not None:
                bench.work((), 60)
                assert same(bench.lab, alone(one))
    assert 1 <= len(room) <= 3


@pytest.mark.usefixtures("hasty")
def test_threads_of_one_visitor_wait_for_each_other() -> None:
    room, _ = room_of()
    told = state("24b")
    room.start("a", told)

    def work() -> None:
        for _ in range(6):
            with room.bench("a") as bench:
                assert bench is not None
                bench.work((), 0)

    together(work, work, work, work)
    assert same(bench_of(room, "a").lab, alone(told))
