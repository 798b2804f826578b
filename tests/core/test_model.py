import numpy as np
import pytest
import torch

from sadal_core.ages import GRID, median, summarise
from sadal_core.backbones import BACKBONES
from sadal_core.calibration import Calibration
from sadal_core.errors import ConfigError
from sadal_core.model import AgeModel


@pytest.fixture(scope="module")
def model() -> AgeModel:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return AgeModel("resnet18-half", dropout=0.5).eval()


@pytest.fixture
def crops(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_makes_a_model_of_101_ages(name: str, crops: np.ndarray) -> None:
    model = AgeModel(name).eval()
    features, embeddings, ages, probabilities = model.predict(crops)
    assert features.shape == (3, BACKBONES[name].features)
    assert probabilities.shape == (3, 101)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-5)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(ages, median(probabilities))


def test_predictions_are_the_softmax_of_the_logits_over_the_temperature(
    model: AgeModel, crops: np.ndarray
) -> None:
    faces = model.spec.preprocess(crops)
    with torch.no_grad():
        features = (model.backbone(faces) + model.backbone(faces.flip(3))) / 2
        logits = model.head(features).double().numpy()
    for temperature in (1.0, 2.5):
        model.temperature = temperature
        raised = np.exp(logits / temperature)
        expected = raised / raised.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(model.predict(crops).probabilities, expected, rtol=1e-4)
    model.temperature = 1.0


def test_the_interval_of_a_gaussian_widens_with_the_root_of_the_temperature(
    crops: np.ndarray,
) -> None:
    model = AgeModel("resnet18-half").eval()
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.from_numpy(-((GRID - 50) ** 2) / (2 * 6.0**2)))
    for temperature in (0.25, 1.0, 2.25):
        model.temperature = temperature
        _, low, high = summarise(model.predict(crops).probabilities[0])
        # 1.2816 standard deviations on either side hold 80 % of a normal distribution.
        assert high - low == pytest.approx(2 * 1.2816 * 6 * temperature**0.5, abs=0.1)


def test_a_calibration_moves_the_distribution_and_leaves_the_age(crops: np.ndarray) -> None:
    model = AgeModel("resnet18-half").eval()
    before = model.predict(crops)
    model.calibration = Calibration((0.0,), (-0.5,), (2.0,))
    after = model.predict(crops)
    np.testing.assert_array_equal(after.ages, before.ages)
    np.testing.assert_allclose(after.probabilities, model.calibration(before.probabilities))
    assert not np.allclose(after.probabilities, before.probabilities)


def test_dropout_acts_in_training_alone(model: AgeModel, crops: np.ndarray) -> None:
    faces = model.spec.preprocess(crops)
    with torch.no_grad():
        assert torch.equal(model(faces), model(faces))
        model.dropout.train()
        assert not torch.equal(model(faces), model(faces))
        model.dropout.eval()


def test_an_unknown_backbone_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError,
        match="Unknown backbone 'vgg'. Known: mobilefacenet, mobilefacenet-160, mobilefacenet-wide",
    ):
        AgeModel("vgg")
