"""One pass through the network for all who are waiting for it.

Who comes while a pass runs waits for its end, and all who wait then share the next pass. Nobody
waits for others to come: a request that is alone passes at once.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:  # at run time this would import torch
    from sadal_core.model import Prediction

MOST: Final = 8  # faces in a pass: its time and memory grow with them

Predict = Callable[[np.ndarray], "Prediction"]


@dataclass(eq=False)
class _Request:
    """Crops (faces, side, side, 3) of one thread, and what has come of them."""

    crops: np.ndarray
    made: "Prediction | None" = None
    error: Exception | None = None

    @property
    def answered(self) -> bool:
        return self.made is not None or self.error is not None

    def answer(self) -> "Prediction":
        if self.made is None:
            assert self.error is not None
            raise self.error
        return self.made


class SharedPasses:
    """Predicts for several threads, in one pass for those that wait at the same time.

    A pass that fails is repeated for each of its requests alone, so that an error reaches those,
    and only those, whose crops are to blame.
    """

    def __init__(self, predict: Predict, *, most: int = MOST) -> None:
        """Passes of `predict`, one at a time.

        Args:
            predict: crops to arrays with a row for each of them.
            most: crops in a shared pass; a request with more has one of its own.
        """
        self._predict, self._most = predict, most
        self._changed = threading.Condition()
        self._waiting: deque[_Request] = deque()
        self._running = False

    def __call__(self, crops: np.ndarray) -> "Prediction":
        """What `predict` says about `crops`, and what it raises."""
        request = _Request(crops)
        with self._changed:
            self._waiting.append(request)
            try:
                while not request.answered:
                    if self._running:
                        self._changed.wait()
                    else:
                        self._pass()
            finally:
                if request in self._waiting:  # its thread was interrupted
                    self._waiting.remove(request)
        return request.answer()

    def _pass(self) -> None:
        """Answer those who wait, as many as fit; the lock is held before and after."""
        requests = self._next()
        self._running = True
        self._changed.release()
        try:
            self._answer(requests)
        finally:
            self._changed.acquire()
            self._running = False
            self._waiting.extendleft(r for r in reversed(requests) if not r.answered)
            self._changed.notify_all()

    def _next(self) -> list[_Request]:
        """The first who wait, in their order; at least one."""
        requests = [self._waiting.popleft()]
        faces = len(requests[0].crops)
        while self._waiting and faces + len(self._waiting[0].crops) <= self._most:
            requests.append(self._waiting.popleft())
            faces += len(requests[-1].crops)
        return requests

    def _answer(self, requests: list[_Request]) -> None:
        if len(requests) > 1:
            with suppress(Exception):  # one of them is to blame; which one shows below
                self._share(requests)
                return
        for request in requests:
            try:
                request.made = self._predict(request.crops)
            except Exception as error:
                request.error = error

    def _share(self, requests: list[_Request]) -> None:
        made = self._predict(np.concatenate([request.crops for request in requests]))
        ends = np.cumsum([0, *(len(request.crops) for request in requests)])
        # Copies, or one visitor's answer would keep those of the others in memory.
        parts = [made._make(a[i:j].copy() for a in made) for i, j in pairwise(ends)]
        for request, part in zip(requests, parts, strict=True):
            request.made = part
