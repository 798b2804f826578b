"""All maps of a gallery, and what is known of how far each can be believed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from sadal_core.gallery.faithfulness import agreement, faithfulness
from sadal_core.gallery.maps import MapSettings, laid_over, pca_of, umap_of
from sadal_core.gallery.placement import place, place_on

MOST_FITTED: Final = 20_000  # faces that UMAP is fitted on, in minutes; it takes hours for more
_MEASURED = 500  # points with which placing is measured


class Drawn(NamedTuple):
    """Vectors in one space.

    Attributes:
        samples: of the faces.
        negatives: of the generated negatives.
    """

    samples: Float[np.ndarray, "samples dim"]
    negatives: Float[np.ndarray, "negatives dim"]


@dataclass
class Maps:
    """Places by name of the map, and what is known of each.

    Attributes:
        samples: places of the faces.
        negatives: places of the generated negatives.
        about: entries "faithfulness", by map, and "agreement", of placing, by kind of point.
    """

    samples: dict[str, np.ndarray] = field(default_factory=dict)
    negatives: dict[str, np.ndarray] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=lambda: {"faithfulness": {}, "agreement": {}})


def draw(
    spaces: Mapping[str, Drawn],
    settings: MapSettings,
    new: Float[np.ndarray, "new dim"] | None,
    progress: Callable[[str], object],
) -> Maps:
    """UMAP in two and three dimensions and PCA of each space, and one joint map.

    UMAP is fitted on the faces alone and the generated negatives are placed on it; the map
    "after-joint" is fitted on both. The maps of "before" are laid over those of "after". Of more
    than `MOST_FITTED` faces a random part is fitted, and the others are placed.

    Args:
        spaces: "after", then "before".
        settings: of UMAP.
        new: embeddings of faces that are not shown, to measure placing with.
        progress: told what is drawn next.
    """
    maps = Maps()
    for name, drawn in spaces.items():
        for axes in (2, 3):
            progress(f"UMAP {name} SADAL, {axes} dimensions")
            some = fitted_on(len(drawn.samples), settings)
            fitted = umap_of(drawn.samples[some], axes, settings)
            if (name, axes) == ("after", 2):
                _measure(maps, fitted, drawn._replace(samples=drawn.samples[some]), new, settings)
            title = f"umap{'' if axes == 2 else axes}"
            like = maps.samples.get(f"after-{title}")
            places = _of_all(drawn.samples, some, fitted.embedding_)
            places = places if like is None else laid_over(places, like)
            _add(maps, drawn, f"{name}-{title}", places)
        progress(f"PCA {name} SADAL")
        like = maps.samples.get("after-pca")
        _add(maps, drawn, f"{name}-pca", pca_of(drawn.samples, 3, like=like))
    progress("UMAP fitted on faces and generated negatives together")
    _add_joint(maps, spaces["after"], settings)
    return maps


def fitted_on(count: int, settings: MapSettings) -> Int[np.ndarray, " fitted"]:
    """Positions of the faces that UMAP is fitted on: all, or `MOST_FITTED` random ones."""
    if count <= MOST_FITTED:
        return np.arange(count)
    return np.sort(np.random.default_rng(settings.seed).permutation(count)[:MOST_FITTED])


def _of_all(space: np.ndarray, some: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Places of all samples, of which `some` were fitted."""
    return places if len(some) == len(space) else place(space, space[some], places)


def _add(maps: Maps, drawn: Drawn, name: str, places: np.ndarray) -> None:
    maps.samples[name] = places
    maps.negatives[name] = place_on(name, drawn.negatives, drawn.samples, places)
    _note(maps, name, drawn.samples, places)


def _add_joint(maps: Maps, drawn: Drawn, settings: MapSettings) -> None:
    both = np.concatenate([drawn.samples, drawn.negatives])
    some = fitted_on(len(both), settings)
    places = _of_all(both, some, umap_of(both[some], 2, settings).embedding_)
    count = len(drawn.samples)
    turned = laid_over(places[:count], maps.samples["after-umap"])
    # The same motion for both: from three points of the plane onwards it is known.
    motion = np.linalg.lstsq(_affine(places[:count]), turned, rcond=None)[0]
    moved = (_affine(places) @ motion).astype(np.float32)
    maps.samples["after-joint"], maps.negatives["after-joint"] = moved[:count], moved[count:]
    _note(maps, "after-joint", drawn.samples, moved[:count])


def _note(maps: Maps, name: str, space: np.ndarray, places: np.ndarray) -> None:
    shown = places[:, :2] if name.endswith("pca") else places
    measured = faithfulness(space, shown, np.random.default_rng(0))
    maps.about["faithfulness"][name] = measured._asdict()


def _measure(
    maps: Maps, fitted: Any, drawn: Drawn, new: np.ndarray | None, settings: MapSettings
) -> None:
    rng = np.random.default_rng(settings.seed)
    for kind, points in (("generated", drawn.negatives), ("new faces", new)):
        if points is not None and len(points):
            some = rng.permutation(len(points))[:_MEASURED]
            measured = agreement(fitted, drawn.samples, points[some])
            maps.about["agreement"][kind] = measured._asdict()


def _affine(points: np.ndarray) -> np.ndarray:
    return np.hstack([points, np.ones((len(points), 1))])
