"""What exported files are held against, computed in plain Python."""

import math

from sadal_core.gallery.stored import Gallery


def everyone(gallery: Gallery) -> list[list[float]]:
    return [*gallery.embeddings.tolist(), *gallery.negative_embeddings.tolist()]


def nearest(gallery: Gallery, row: int) -> list[tuple[float, int]]:
    """Squared distances to all samples but the row itself, near to far, in plain Python."""
    point = everyone(gallery)[row]
    others = enumerate(gallery.embeddings.tolist())
    return sorted((math.dist(point, other) ** 2, n) for n, other in others if n != row)
