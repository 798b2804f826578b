import pytest
import torch

from sadal_core.errors import ConfigError, DataError
from sadal_core.generator import GENERATORS
from sadal_core.metric import MetricModel


def test_standardised_features_have_squared_length_1_on_average() -> None:
    torch.manual_seed(0)
    features = 3 + torch.randn(500, 16) * torch.linspace(0.5, 20, 16)
    model = MetricModel(16)
    model.standardise_to(features)
    x = model.standardise(features)
    torch.testing.assert_close(x.mean(dim=0), torch.zeros(16), atol=1e-5, rtol=0)
    assert float(x.square().sum(dim=1).mean()) == pytest.approx(1, rel=1e-2)
    torch.testing.assert_close(model(features), model.head(x))
    torch.testing.assert_close(model(features).norm(dim=1), torch.ones(500))


def test_a_feature_that_never_varies_stays_finite() -> None:
    model = MetricModel(2)
    model.standardise_to(torch.tensor([[1.0, 5.0], [2.0, 5.0]]))
    assert bool(torch.isfinite(model.standardise(torch.tensor([[9.0, 5.1]]))).all())


@pytest.mark.parametrize("kind", ["none", *GENERATORS])
def test_a_metric_is_built_again_from_its_shape(kind: str) -> None:
    model = MetricModel(6, dim=3, generator=kind, hidden=5)
    again = MetricModel(**model.shape())
    again.load_state_dict(model.state_dict())
    assert again.shape() == model.shape()
    assert (again.generator is None) == (kind == "none")


def test_impossible_metrics_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1 feature"):
        MetricModel(0)
    with pytest.raises(ConfigError, match="Unknown generator"):
        MetricModel(4, generator="gan")
    for features in (torch.zeros(1, 4), torch.full((3, 4), float("nan"))):
        with pytest.raises(DataError, match="finite features of at least two faces"):
            MetricModel(4).standardise_to(features)
