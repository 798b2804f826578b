from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from sadal_core.batch import estimate_pictures, face_row, find_pictures
from sadal_core.calibration import Calibration
from sadal_core.data import found as found_module
from sadal_core.data.crops import prepare
from sadal_core.data.samples import Folder, Sample
from sadal_core.errors import WeightsError
from sadal_core.evaluation.predict import age_logits
from sadal_core.faces.align import align
from sadal_core.faces.detect import Face, MediaPipeFaces
from sadal_core.faces.image import decode_file
from sadal_core.model import AgeModel, Prediction
from sadal_core.pipeline import AgeEstimator
from sadal_core.weights import save_model
from tests.pictures import encoded


@pytest.fixture(scope="module")
def model() -> AgeModel:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = AgeModel("mobilefacenet").eval()
    model.temperature = 1.3
    model.calibration = Calibration((0.0, 80.0), (-1.0, -0.5), (0.5, 2.0))
    return model


@pytest.fixture(scope="module")
def estimator(model: AgeModel, detector: MediaPipeFaces) -> AgeEstimator:
    return AgeEstimator(model, {}, detector)


def large(astronaut: np.ndarray) -> bytes:
    """A photograph whose face is shrunk more than twice, so that it is first shrunk by area."""
    return encoded(cv2.resize(astronaut, None, fx=3.5, fy=3.5), "JPEG", quality=92)


def rotated(astronaut: np.ndarray) -> bytes:
    """Stored on its side, with the tag that says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(np.ascontiguousarray(np.rot90(astronaut)), "JPEG", exif=exif)


def grey(astronaut: np.ndarray) -> bytes:
    return encoded(cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY), "JPEG")


def tight(astronaut: np.ndarray) -> bytes:
    """Cut so close that the crop reaches past the picture."""
    return encoded(astronaut[60:170, 170:275].copy())


@pytest.mark.parametrize("photograph", [encoded, large, rotated, grey, tight])
def test_training_evaluation_command_line_and_page_see_the_same_bits(
    photograph: object,
    astronaut: np.ndarray,
    estimator: AgeEstimator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = estimator.model
    (tmp_path / "photo.jpg").write_bytes(photograph(astronaut))  # type: ignore[operator]
    monkeypatch.setattr(found_module, "_detector", estimator.detector)
    cached = prepare(
        Folder(tmp_path),
        "csv",
        [Sample("photo.jpg", 40)],
        tmp_path / "cache",
        spec=model.spec.crop,
        workers=1,
    )
    (shown,) = estimator.estimate(decode_file(tmp_path / "photo.jpg"))

    to_train = model.spec.preprocess(cached.images)
    to_show = model.spec.preprocess(shown.crop[None])
    assert torch.equal(to_train, to_show)
    logits = age_logits(model, list(cached.images))
    ages, expected = model.distributions(torch.from_numpy(logits))
    np.testing.assert_array_equal(expected[0], shown.probabilities)
    assert ages[0] == shown.summary.age
    found = list(find_pictures([tmp_path / "photo.jpg"]))
    (result,) = estimate_pictures(estimator, found, workers=1)
    assert result.rows == [face_row(str(tmp_path / "photo.jpg"), 1, shown)]


def test_an_estimate_holds_together(estimator: AgeEstimator, astronaut: np.ndarray) -> None:
    (one,) = estimator.estimate(astronaut)
    assert one.crop.shape == (112, 112, 3)
    assert np.linalg.norm(one.embedding) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(
        one.embedding * np.linalg.norm(one.features), one.features, rtol=1e-4, atol=1e-6
    )
    assert one.probabilities.sum() == pytest.approx(1, abs=1e-6)
    assert one.summary.low <= one.summary.age <= one.summary.high
    assert one.warnings == ()


def test_each_face_gets_what_it_would_get_alone(
    model: AgeModel, detector: MediaPipeFaces, astronaut: np.ndarray
) -> None:
    (face,) = detector(astronaut)
    other = Face(face.box + 40, face.landmarks + 40, 0.9)
    both = AgeEstimator(model, {}, lambda image: (other, face)).estimate(astronaut)
    alone = [
        AgeEstimator(model, {}, lambda image, f=f: (f,)).estimate(astronaut)[0]
        for f in (other, face)
    ]
    assert [estimate.face for estimate in both] == [other, face]
    for together, single in zip(both, alone, strict=True):
        np.testing.assert_array_equal(together.crop, single.crop)
        np.testing.assert_allclose(together.probabilities, single.probabilities, atol=1e-6)
    assert not np.array_equal(both[0].crop, both[1].crop)


def test_the_shown_crop_is_the_centre_of_the_aligned_canvas(
    estimator: AgeEstimator, detector: MediaPipeFaces, astronaut: np.ndarray
) -> None:
    spec = estimator.model.spec.crop
    (one,) = estimator.estimate(astronaut)
    canvas = align(astronaut, detector(astronaut)[0].landmarks, spec)
    margin = spec.margin
    np.testing.assert_array_equal(one.crop, canvas[margin:-margin, margin:-margin])


def test_whoever_runs_the_network_for_the_estimator_is_asked_once_for_all_faces(
    model: AgeModel, detector: MediaPipeFaces, astronaut: np.ndarray
) -> None:
    (face,) = detector(astronaut)
    other = Face(face.box + 40, face.landmarks + 40, 0.9)
    estimator = AgeEstimator(model, {}, lambda image: (other, face))
    own = estimator.estimate(astronaut)
    asked = []

    def predict(crops: np.ndarray) -> Prediction:
        asked.append(len(crops))
        return Prediction(*(array[::-1].copy() for array in model.predict(crops)))

    estimator.predict = predict
    swapped = estimator.estimate(astronaut)
    assert asked == [2]
    assert [one.face for one in swapped] == [other, face]
    for one, two in zip(swapped, own[::-1], strict=True):
        np.testing.assert_array_equal(one.probabilities, two.probabilities)
        np.testing.assert_array_equal(one.features, two.features)


def test_a_picture_without_a_face_gives_no_estimate(estimator: AgeEstimator) -> None:
    assert estimator.estimate(np.full((200, 300, 3), 127, np.uint8)) == ()


def test_threads_get_the_same_estimate(estimator: AgeEstimator, astronaut: np.ndarray) -> None:
    (alone,) = estimator.estimate(astronaut)
    with ThreadPoolExecutor(4) as pool:
        for (one,) in pool.map(estimator.estimate, [astronaut] * 6):
            np.testing.assert_array_equal(one.crop, alone.crop)
            np.testing.assert_allclose(one.probabilities, alone.probabilities, atol=1e-6)


def test_an_estimator_from_a_folder_estimates_with_its_model(
    model: AgeModel, estimator: AgeEstimator, astronaut: np.ndarray, tmp_path: Path
) -> None:
    save_model(model, tmp_path, {"backbone": "mobilefacenet", "metrics": {}, "bands": []})
    loaded = AgeEstimator.from_folder(tmp_path)
    assert loaded.manifest["temperature"] == 1.3
    (one,), (two,) = loaded.estimate(astronaut), estimator.estimate(astronaut)
    np.testing.assert_array_equal(one.probabilities, two.probabilities)
    with pytest.raises(WeightsError, match="does not exist"):
        AgeEstimator.from_folder(tmp_path / "nowhere")
