"""Requests that share passes: a network that stops in a pass until it is let go."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from app.batching import SharedPasses
from sadal_core.model import Prediction

PATIENCE = 30.0


def crops(*shades: int) -> np.ndarray:
    """A small crop per shade; the stand-in reads its age off it."""
    return np.stack([np.full((4, 4, 3), shade, np.uint8) for shade in shades])


def read(faces: np.ndarray) -> Prediction:
    """What the stand-in says: the shade of each crop, everywhere."""
    ages = faces[:, 0, 0, 0].astype(np.float64)
    wide = np.repeat(ages[:, None], 5, axis=1)
    return Prediction(wide, wide + 1, ages, wide + 2)


class Network:
    """A stand-in that stops in a pass until it is let go, and knows its passes.

    Attributes:
        passes: shades of each pass, in order.
        entered: set while a pass has stopped.
        refused: shades that no pass survives.
    """

    def __init__(self, *, stops: bool = True, refused: tuple[int, ...] = ()) -> None:
        self.passes: list[list[int]] = []
        self.entered, self._go = threading.Event(), threading.Event()
        self.refused = refused
        self._at_once = threading.Lock()
        if not stops:
            self._go.set()

    def __call__(self, faces: np.ndarray) -> Prediction:
        assert self._at_once.acquire(blocking=False), "two passes at once"
        try:
            shades = faces[:, 0, 0, 0].tolist()
            self.passes.append(shades)
            self.entered.set()
            assert self._go.wait(PATIENCE)
            for shade in shades:
                if shade in self.refused:
                    raise ValueError(f"shade {shade}")
            return read(faces)
        finally:
            self._at_once.release()

    def go_on(self) -> None:
        self._go.set()


@contextmanager
def asking(
    shared: SharedPasses, network: Network, first: np.ndarray, *others: np.ndarray
) -> Iterator[list["Future[Prediction]"]]:
    """Futures of the first request, whose pass has stopped, and of others, which wait in order."""
    with ThreadPoolExecutor(1 + len(others)) as pool:
        try:
            futures = [pool.submit(shared, first)]
            assert network.entered.wait(PATIENCE)
            for count, one in enumerate(others, start=1):
                futures.append(pool.submit(shared, one))
                until(lambda count=count: len(shared._waiting) == count)
            yield futures
        finally:
            network.go_on()


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does next."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def same(made: Prediction, expected: Prediction) -> None:
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_array_equal(one, other)
