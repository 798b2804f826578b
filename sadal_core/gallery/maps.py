"""Maps of a space: UMAP and PCA, and one map per epoch that do not jump.

`umap` is imported when a map is fitted: it takes half a minute, and showing a gallery never
needs it. Letters: N samples, D dimensions, P axes of a map.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Float
from scipy.spatial import procrustes
from sklearn.decomposition import PCA

from sadal_core.errors import DataError
from sadal_core.settings import check_ranges

Space = Float[np.ndarray, "samples dim"]
Map = Float[np.ndarray, "samples axes"]

FEWEST: Final = 10
_EPOCHS_FROM_MAP: Final = 200  # of UMAP's optimisation, where it starts from another map


@dataclass(frozen=True)
class MapSettings:
    """How UMAP draws (McInnes, Healy and Melville 2018).

    Attributes:
        n_neighbors: how many neighbours hold a point; small shows detail, large the whole.
        min_dist: how close points may lie on the map.
        seed: of its random numbers.
    """

    n_neighbors: int = 15
    min_dist: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what UMAP cannot draw with.

        Raises:
            ConfigError: names the setting.
        """
        ranges = {"n_neighbors": (2, 200), "min_dist": (0, 0.99), "seed": (0, 2**31)}
        check_ranges(self, ranges)

    def figures(self) -> dict[str, Any]:
        """As a plain dictionary."""
        return asdict(self)


def umap_of(space: Space, axes: int, settings: MapSettings, *, start: Map | None = None) -> Any:
    """A fitted `umap.UMAP`; its `embedding_` is the map.

    Args:
        space: what is drawn.
        axes: P, 2 or 3.
        settings: of UMAP.
        start: places to start from, for a map that is to lie like another one.

    Raises:
        DataError: there are too few samples for a map.
    """
    if len(space) < FEWEST:
        raise DataError(f"A map needs at least {FEWEST} faces, got {len(space)}. Give more.")
    init: Any = "spectral" if start is None else _spread(start)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about threads, which a seed rules out, and old numpy
        import umap

        return umap.UMAP(
            n_components=axes,
            n_neighbors=min(settings.n_neighbors, len(space) - 1),
            min_dist=settings.min_dist,
            random_state=settings.seed,
            init=init,
            n_epochs=None if start is None else _EPOCHS_FROM_MAP,
        ).fit(space)


def pca_of(space: Space, axes: int, *, like: Map | None = None) -> Map:
    """Projection on the directions of largest variance: linear, so that nothing is torn apart.

    Args:
        space: what is projected.
        axes: P; where the space has fewer directions, the other axes are 0.
        like: another map, to whose axes these are mirrored; they are never turned, because then
            they would not be the directions of largest variance.
    """
    known = min(axes, *space.shape)
    drawn = np.zeros((len(space), axes), np.float32)
    drawn[:, :known] = PCA(known, svd_solver="full").fit_transform(space)
    if like is None:
        return drawn
    return drawn * np.where((drawn * (like - like.mean(axis=0))).sum(axis=0) < 0, -1, 1).astype(
        np.float32
    )


def laid_over(other: Map, reference: Map) -> Map:
    """`other` shifted, turned and mirrored as a whole to lie over `reference`, at its size."""
    centre = reference.mean(axis=0)
    _, turned, _ = procrustes(reference, other)  # around 0, smaller the worse the two agree
    scale = np.linalg.norm(reference - centre) / np.linalg.norm(turned)
    return (turned * scale + centre).astype(np.float32)


def epoch_maps(
    spaces: Sequence[Space],
    settings: MapSettings,
    last: Map,
    progress: Callable[[str], object] = lambda what: None,
) -> list[Map]:
    """One map per epoch, each started from the next one's and laid over it; the last is `last`.

    `umap.AlignedUMAP` pulls neighbouring maps together while it draws them, which bends the last
    one too; here each is a UMAP of its own epoch and no more.

    Args:
        spaces: embeddings of the same samples after each epoch.
        settings: of UMAP.
        last: the map of the last of them.
        progress: told what is drawn next.
    """
    made = [last]
    for number in range(len(spaces) - 1, 0, -1):
        progress(f"UMAP of recorded epoch {number} of {len(spaces)}")
        fitted = umap_of(spaces[number - 1], last.shape[1], settings, start=made[-1]).embedding_
        made.append(laid_over(fitted, made[-1]))
    return made[::-1]


def _spread(start: Map) -> Map:
    """As UMAP wants its start: no two points at one place, within 10 of the origin."""
    noise = np.random.default_rng(0).normal(scale=1e-4, size=start.shape)
    centred = start - start.mean(axis=0)
    return (10 * centred / np.abs(centred).max() + noise).astype(np.float32)
