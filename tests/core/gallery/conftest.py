"""The one gallery that is drawn with UMAP itself; `sadal_core` is not imported at the top."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sadal_core.gallery.build import Faces, Training
    from sadal_core.gallery.stored import Gallery
    from sadal_core.metric import MetricModel


@dataclass(frozen=True)
class RealGallery:
    """A gallery, what it was made of, and the UMAPs in the order in which they were fitted."""

    gallery: "Gallery"
    faces: "Faces"
    metric: "MetricModel"
    training: "Training"
    fitted: list[Any]


@pytest.fixture(scope="session")
def real_gallery() -> RealGallery:
    from sadal_core.gallery import drawing, maps
    from sadal_core.gallery.build import build_gallery
    from tests.planted_metric import planted_faces, planted_metric, planted_training

    faces = planted_faces()
    metric = planted_metric(faces)
    training = planted_training(faces, metric)
    real, fitted = maps.umap_of, []

    def remembered(*arguments: Any, **options: Any) -> Any:
        fitted.append(real(*arguments, **options))
        return fitted[-1]

    with pytest.MonkeyPatch.context() as patch:
        for module in (drawing, maps):
            patch.setattr(module, "umap_of", remembered)
        others = planted_faces(20, seed=1).features
        gallery = build_gallery(metric, training, faces, maps.MapSettings(), others=others)
    return RealGallery(gallery, faces, metric, training, fitted)
