"""Samples of the kinds that methods read, with an age planted in them."""

import numpy as np

SIDE = 60  # of a grey picture, as `methods.pixels.descriptors` makes them


def planted(reads: str, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples (N, D), float32, and ages of 10 to 49 years (N,) that can be read off them."""
    rng = np.random.default_rng(seed)
    ages = rng.integers(10, 50, count).astype(np.float64)
    return (_pictures if reads == "pixels" else _arc)(ages, rng), ages


def _arc(ages: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Vectors that turn by a quarter circle from the youngest to the oldest, among noise."""
    angle = (ages - 10) / 40 * np.pi / 2
    made = rng.normal(0, 0.3, (len(ages), 12))
    made[:, 0] += 3 * np.cos(angle)
    made[:, 1] += 3 * np.sin(angle)
    return made.astype(np.float32)


def _pictures(ages: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grey pictures, 0 to 255, with stripes that become finer with age."""
    columns = np.arange(SIDE)
    waves = 2 + (ages - 10) / 40 * 10
    phase = rng.uniform(0, 2 * np.pi, len(ages))
    stripes = np.sin(2 * np.pi * waves[:, None] * columns / SIDE + phase[:, None])
    pictures = 127 + 80 * stripes[:, None, :] + rng.normal(0, 10, (len(ages), SIDE, SIDE))
    return pictures.clip(0, 255).reshape(len(ages), -1).astype(np.float32)
