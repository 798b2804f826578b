import math

import numpy as np
import pytest
import torch

from sadal_core.ages import gaussian_labels
from sadal_core.errors import ConfigError
from sadal_core.methods.heads import cpnn
from sadal_core.methods.heads.cpnn import CPNN, ConditionalNetwork
from tests.planted_faces import planted


def network() -> ConditionalNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return ConditionalNetwork(4, 5, years=torch.linspace(-2, 2, 7)).double()


def test_the_network_reads_face_and_age_as_one_input() -> None:
    made, x = network(), np.random.default_rng(0).normal(0, 1, (3, 4))
    first, bias = made.first.weight.tolist(), made.first.bias.tolist()
    second = made.second.weight.tolist()[0]
    eta = made(torch.from_numpy(x)).detach().numpy()
    assert eta.std() > 0.01
    for i in range(3):
        for j, year in enumerate(made.years.tolist()):
            given = [*x[i], year]
            total = 0.0
            for h in range(5):
                net = sum(w * v for w, v in zip(first[h], given, strict=True)) + bias[h]
                total += second[h] / (1 + math.exp(-net))
            assert eta[i, j] == pytest.approx(total)


def test_gradients_are_those_of_the_values() -> None:
    x = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (3, 4))).requires_grad_()
    assert torch.autograd.gradcheck(network(), (x,))


def test_the_divergence_falls_towards_0() -> None:
    x, ages = planted("features", 200, seed=0)
    head = CPNN(epochs=80).fit(x, ages)
    labels = gaussian_labels(torch.from_numpy(ages), sigma=2.0).numpy()
    entropy = -(labels * np.log(np.maximum(labels, 1e-300))).sum(axis=1).mean()
    assert len(head.losses_) == 80
    assert head.losses_[-1] > entropy  # no loss is below that of the labels themselves
    assert head.losses_[-1] - entropy < 0.5 * (head.losses_[0] - entropy)


def test_a_fit_in_parts_is_the_fit_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    x, ages = planted("features", 50, seed=0)
    whole = CPNN(hidden=4, epochs=5).fit(x, ages)
    monkeypatch.setattr(cpnn, "_CHUNK", 7)
    parts = CPNN(hidden=4, epochs=5).fit(x, ages)
    np.testing.assert_allclose(parts.losses_, whole.losses_, rtol=1e-4)
    np.testing.assert_allclose(parts.predict(x), whole.predict(x), atol=0.05)


def test_a_fit_leaves_the_global_seed_alone() -> None:
    before = torch.random.get_rng_state()
    CPNN(hidden=2, epochs=1).fit(*planted("features", 20, seed=0))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", ["hidden", "components", "epochs"])
def test_bad_settings_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be from 1"):
        CPNN(**{name: 0}).fit(*planted("features", 20, seed=0))
    with pytest.raises(ConfigError, match="sigma must be above 0"):
        CPNN(sigma=0.0).fit(*planted("features", 20, seed=0))
