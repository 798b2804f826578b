"""The trainings of all visitors: each has its own, some at a time, and none outlives its visitor.

A training is a function of its state, so one that was put away is made again from what the
browser remembers. Nothing here imports torch before somebody trains.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from sadal_core.errors import SadalError

if TYPE_CHECKING:  # at run time these would import torch
    from sadal_core.lab.faces import LabFaces
    from sadal_core.lab.lab import Lab
    from sadal_core.lab.state import LabState
    from sadal_core.training.metric.run import Turn

SEATS: Final = 4  # trainings at once; more would make all of them slow
KEPT: Final = 16  # labs in memory, a few MB each
_ABSENT: Final = 4.0  # seconds without a request after which a seat is free


@dataclass
class Bench:
    """One visitor's lab.

    Attributes:
        number: of this start, so that an answer to an earlier one can be told.
        state: that it was started in.
        lab: the training.
        pending: turns of a state that is being made again, not yet taken.
        lock: held while the lab is used.
    """

    number: int
    state: "LabState"
    lab: "Lab"
    pending: "deque[Turn]"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, asked: "Iterable[Turn]", seconds: float) -> None:
        """Take turns, at least one, for about so long: the pending ones, or else those asked for.

        Raises:
            SadalError: a turn cannot be taken; pending ones after it are given up.
        """
        turns = self.pending or deque(asked)
        end = time.monotonic() + seconds
        try:
            while turns and not self.lab.finished:
                self.lab.take(turns.popleft())
                if time.monotonic() >= end:
                    return
            turns.clear()  # of a lab that has ended
        except SadalError:
            self.pending.clear()
            raise


class LabRoom:
    """Labs by session, and who may train now."""

    def __init__(
        self,
        faces: "Callable[[str], LabFaces]",
        *,
        seats: int = SEATS,
        kept: int = KEPT,
        drawing: "AbstractContextManager[object] | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """An empty room.

        Args:
            faces: data of the lab by name; raises ConfigError where there are none.
            seats: how many may train at once.
            kept: how many labs are kept.
            drawing: lock of whoever else draws from torch's one random generator.
            clock: seconds.
        """
        self._faces, self._seats, self._kept, self._clock = faces, seats, kept, clock
        self._benches: OrderedDict[str, Bench] = OrderedDict()
        self._asked: OrderedDict[str, float] = OrderedDict()  # who wants to train, first come first
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._drawing = threading.Lock() if drawing is None else drawing

    def __len__(self) -> int:
        """How many labs are kept."""
        return len(self._benches)

    def start(self, session: str, state: "LabState") -> int:
        """Put a fresh lab in the place of the session's; its turns are pending. Its number.

        Raises:
            SadalError: there is no such lab; the session keeps the one it has.
        """
        from sadal_core.lab.lab import Lab
        from sadal_core.lab.turns import read_turns

        turns = deque(read_turns(state.turns))
        with self._drawing:
            lab = Lab(self._faces(state.data), state.config)
        with self._lock:
            bench = Bench(next(self._numbers), state, lab, turns)
            self._benches[session] = bench
            self._benches.move_to_end(session)
            while len(self._benches) > self._kept:
                self._benches.popitem(last=False)
        return bench.number

    @contextmanager
    def bench(self, session: str) -> "Iterator[Bench | None]":
        """The session's bench, to itself; None where it has none."""
        with self._lock:
            bench = self._benches.get(session)
            if bench is not None:
                self._benches.move_to_end(session)
        if bench is None:
            yield None
            return
        with bench.lock:
            yield bench

    def waiting(self, session: str) -> int:
        """How many are before this session, which wants to train; 0 is that it may.

        A session that does not ask again for a while gives its place up.
        """
        with self._lock:
            now = self._clock()
            for other in [s for s, asked in self._asked.items() if now - asked > _ABSENT]:
                del self._asked[other]
            self._asked[session] = now  # a known one keeps its place
            return max(0, list(self._asked).index(session) + 1 - self._seats)

    def rest(self, session: str) -> None:
        """The session does not train now: its seat is free."""
        with self._lock:
            self._asked.pop(session, None)

    def leave(self, session: str) -> None:
        """Forget everything of a session."""
        with self._lock:
            self._benches.pop(session, None)
            self._asked.pop(session, None)
