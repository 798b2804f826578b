"""From a picture to ages: the only place where faces, backbone and head meet."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from sadal_core.ages import AgeSummary, summarise
from sadal_core.faces.align import align, centre
from sadal_core.faces.detect import Face, MediaPipeFaces
from sadal_core.faces.quality import QualityWarning, quality_warnings
from sadal_core.manifest import BUNDLED_MODEL
from sadal_core.model import AgeModel, Prediction
from sadal_core.weights import load_model

FaceDetector = Callable[[UInt8[np.ndarray, "height width 3"]], tuple[Face, ...]]
Predict = Callable[[UInt8[np.ndarray, "faces side side 3"]], Prediction]


@dataclass(frozen=True)
class FaceEstimate:
    """Everything that was computed for one face; arrays only, no tensors.

    Attributes:
        face: box and five landmarks in px of the picture.
        crop: the aligned face, RGB; the backbone saw a dark one brightened.
        features: output of the backbone.
        embedding: of unit length, in the space in which distances are taken.
        probabilities: distribution over `ages.GRID`, summing to 1.
        summary: age and 80 % interval in years.
        warnings: visible reasons to doubt the estimate.
    """

    face: Face
    crop: UInt8[np.ndarray, "size size 3"]
    features: Float[np.ndarray, " features"]
    embedding: Float[np.ndarray, " dim"]
    probabilities: Float[np.ndarray, " ages"]
    summary: AgeSummary
    warnings: tuple[QualityWarning, ...]


class AgeEstimator:
    """Estimates the age of every face in a picture.

    Attributes:
        model: the network.
        manifest: what is known about it.
        detector: finds the faces.
        predict: runs the network on aligned crops; the model itself, unless threads share passes.
    """

    def __init__(
        self, model: AgeModel, manifest: dict[str, Any], detector: FaceDetector | None = None
    ) -> None:
        self.model = model
        self.manifest = manifest
        self.detector = detector or MediaPipeFaces()
        self.predict: Predict = model.predict

    @classmethod
    def from_folder(cls, folder: Path = BUNDLED_MODEL) -> "AgeEstimator":
        """Estimator with the model in `folder`; the bundled one by default.

        Raises:
            WeightsError: the model is missing or damaged.
        """
        return cls(*load_model(folder))

    def estimate(self, image: UInt8[np.ndarray, "height width 3"]) -> tuple[FaceEstimate, ...]:
        """One estimate per face, largest face first; empty when no face is found."""
        faces = self.detector(image)
        if not faces:
            return ()
        spec = self.model.spec.crop
        crops = np.stack([align(image, face.landmarks, spec) for face in faces])
        features, embeddings, ages, probabilities = self.predict(crops)
        cuts = centre(crops, spec)
        return tuple(
            FaceEstimate(
                face,
                cuts[i],
                features[i],
                embeddings[i],
                probabilities[i],
                summarise(probabilities[i], age=float(ages[i])),
                quality_warnings(image.shape, face, cuts[i], spec),
            )
            for i, face in enumerate(faces)
        )
