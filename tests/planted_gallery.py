"""A planted gallery: ages along an arc among noise, maps that are drawn with a ruler.

Letters: N samples, M generated negatives, A quadruplets, F features, D dimensions.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from sadal_core.collapse import copy_ratio, midpoint_residual
from sadal_core.gallery.pictures import sheet
from sadal_core.gallery.placement import NEIGHBOURS, place_on
from sadal_core.gallery.stored import Epochs, Gallery, save_gallery
from sadal_core.similarity import Similarity
from sadal_core.training.metric.config import MetricConfig

FEATURES, DIM, AGES = 12, 8, 10
CONFIG = MetricConfig(dim=DIM, metric_epochs=1, generator_epochs=1, alternating_epochs=1)
TILE = 16


class _Space(NamedTuple):
    """Vectors of the samples and of the generated negatives."""

    samples: np.ndarray
    negatives: np.ndarray


def planted_gallery(count: int = 40, seed: int = 0) -> Gallery:
    """Samples aged 20, 25, ..., 65 and again from 20; those between are anchors of a quadruplet.

    Args:
        count: a multiple of 10, at least 20.
        seed: of the noise, and of which negatives a quadruplet has.
    """
    rng = np.random.default_rng(seed)
    ages = 20 + 5 * (np.arange(count) % AGES)
    roles = _roles(count, rng)
    before = _features(ages, roles, rng)
    after = _embedded(before)
    maps, negative_maps = _maps(before, after)
    return Gallery(
        about=_about(ages, len(roles["anchor"]) // 2, list(maps)),
        ids=np.array([f"planted/{age}_{face:03d}.png" for face, age in enumerate(ages)]),
        ages=ages,
        features=before.samples,
        embeddings=after.samples,
        neighbours=_others(after.samples),
        maps=maps,
        negatives=_table(roles, ages, before, after),
        negative_embeddings=after.negatives,
        negative_neighbours=_nearest(after.negatives, after.samples, 5),
        negative_maps=negative_maps,
        epochs=_epochs(roles, before, maps["after-umap"]),
    )


def planted_pictures(count: int = 40) -> np.ndarray:
    """One plain colour per sample, no two alike."""
    faces = np.arange(count)
    colours = np.stack([20 + 30 * (faces % 8), 20 + 30 * (faces // 8 % 8), 60 + faces // 64], 1)
    return np.broadcast_to(colours[:, None, None], (count, TILE, TILE, 3)).astype(np.uint8)


def stored_gallery(folder: Path, count: int = 40) -> Gallery:
    """`planted_gallery` with its pictures, as `load_gallery(folder)` gives it."""
    return save_gallery(planted_gallery(count), sheet(planted_pictures(count), tile=TILE), folder)


def _roles(count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Positions as `HardNegatives` has them: the rows of all younger negatives come first."""
    place = np.arange(count) % AGES
    anchor = np.flatnonzero((place > 0) & (place < AGES - 1))
    positive = (anchor + AGES) % count
    younger = anchor - rng.integers(1, place[anchor] + 1)
    older = anchor + rng.integers(1, AGES - place[anchor])
    return {
        "anchor": np.concatenate([anchor, positive]),
        "positive": np.concatenate([positive, anchor]),
        "source": np.concatenate([younger, older]),
    }


def _features(ages: np.ndarray, roles: dict[str, np.ndarray], rng: np.random.Generator) -> _Space:
    """An arc from age 20 to age 65; a generated one lies a third of the way to its anchor."""
    angle = (ages - 20) / 45 * np.pi / 2
    x = rng.normal(0, 0.5, (len(ages), FEATURES))
    x[:, :2] += 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = x.astype(np.float16).astype(np.float32)  # what a stored gallery keeps of them
    between = (2 * x[roles["source"]] + x[roles["anchor"]]) / 3
    return _Space(x, (between + rng.normal(0, 0.1, between.shape)).astype(np.float32))


def _embedded(space: _Space, noise: float = 1.0) -> _Space:
    """F: the first D features on the sphere, those without meaning scaled by `noise`."""
    scale = np.array([1, 1, *[noise] * (DIM - 2)], np.float32)
    scaled = [vectors[:, :DIM] * scale for vectors in space]
    return _Space(*(v / np.linalg.norm(v, axis=1, keepdims=True) for v in scaled))


def _maps(before: _Space, after: _Space) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    samples: dict[str, np.ndarray] = {}
    negatives: dict[str, np.ndarray] = {}
    for name, space, scale in (("after", after, 10), ("before", before, 3)):
        samples |= {
            f"{name}-umap": scale * space.samples[:, :2],
            f"{name}-umap3": scale * space.samples[:, :3],
            f"{name}-pca": _pca(space.samples),
        }
        for drawn in [drawn for drawn in samples if drawn.startswith(name)]:
            negatives[drawn] = place_on(drawn, space.negatives, space.samples, samples[drawn])
    samples["after-joint"], negatives["after-joint"] = (8 * part[:, :2] + 1 for part in after)
    return samples, negatives


def _pca(vectors: np.ndarray) -> np.ndarray:
    centred = vectors - vectors.mean(axis=0)
    return (centred @ np.linalg.svd(centred, full_matrices=False)[2][:3].T).astype(np.float32)


def _table(
    roles: dict[str, np.ndarray], ages: np.ndarray, before: _Space, after: _Space
) -> dict[str, np.ndarray]:
    """The columns of `HardNegatives.table`, in its order and types."""
    anchor, source = roles["anchor"], roles["source"]
    gaps = np.abs(ages[anchor] - ages[source]).astype(np.float32)
    q = Similarity()(gaps)
    distances = _distances(roles, after)
    demanded = Similarity().demanded_distance(gaps, tau=CONFIG.tau, q_on=CONFIG.q_on)
    triple = before.negatives, before.samples[anchor], before.samples[source]
    return {
        **roles,
        "anchor_age": ages[anchor],
        "source_age": ages[source],
        "q": q,
        "distance_before": distances["before"],
        "distance_after": distances["after"],
        "demanded": demanded,
        "adversary_active": distances["after"] * (1 - q) > CONFIG.tau,
        "metric_active": distances["after"] < demanded,
        "real_active": distances["before"] < demanded,
        "copy_ratio": copy_ratio(*triple),
        "midpoint_residual": midpoint_residual(*triple),
    }


def _distances(roles: dict[str, np.ndarray], space: _Space) -> dict[str, np.ndarray]:
    """Squared, from each anchor: to the real negative, to the generated one, to the positive."""
    anchor = space.samples[roles["anchor"]]
    others = {
        "before": space.samples[roles["source"]],
        "after": space.negatives,
        "positive": space.samples[roles["positive"]],
    }
    return {name: ((anchor - other) ** 2).sum(axis=1) for name, other in others.items()}


def _epochs(roles: dict[str, np.ndarray], before: _Space, last: np.ndarray) -> Epochs:
    """Three, with less noise from one to the next; the last is the finished metric."""
    spaces = [_embedded(before, noise) for noise in (3.0, 2.0, 1.0)]
    drawn = [10 * space.samples[:, :2] for space in spaces[:-1]] + [last]
    placed = [
        place_on("after-umap", space.negatives, space.samples, places)
        for space, places in zip(spaces, drawn, strict=True)
    ]
    distances = [_distances(roles, space) for space in spaces]
    return Epochs(
        numbers=np.array([1, 2, 3]),
        generating=np.array([False, True, True]),
        samples=np.stack(drawn),
        negatives=np.stack(placed),
        **{
            name: np.stack([then[name] for then in distances]).astype(np.float16)
            for name in ("before", "after", "positive")
        },
    )


def _others(vectors: np.ndarray) -> np.ndarray:
    distances = cdist(vectors, vectors, "sqeuclidean")
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1)[:, : min(NEIGHBOURS, len(vectors) - 1)].astype(np.int32)


def _nearest(points: np.ndarray, vectors: np.ndarray, count: int) -> np.ndarray:
    order = np.argsort(cdist(points, vectors, "sqeuclidean"), axis=1)
    return order[:, :count].astype(np.int32)


def _about(ages: np.ndarray, quadruplets: int, maps: list[str]) -> dict[str, Any]:
    faithful = {"trustworthiness": 0.95, "overlap": 0.4}
    placed = {"points": 64, "median": 0.007, "p90": 0.02, "own_median": 0.005, "own_p90": 0.01}
    return {
        "command": "python -m sadal_core gallery --data planted",
        "revision": "unknown",
        "versions": {},
        "model": "0" * 64,
        "maps": {
            "umap": {"n_neighbors": 15, "min_dist": 0.1, "seed": 0},
            "placed_with": NEIGHBOURS,
            "faithfulness": {name: faithful for name in maps},
            "agreement": {"generated": placed, "new faces": placed},
            "epochs": [faithful] * 3,
        },
        "data": {
            "faces": len(ages),
            "youngest": int(ages.min()),
            "oldest": int(ages.max()),
            "quadruplets": quadruplets,
        },
        "config": asdict(CONFIG),
        "pictures": {"kind": "own", "k": 1},
        "labels": ["0" * 64],
    }
