"""The conditional probability neural network: a small network that reads face and age together.

Letters: B batch, A ages of the grid (101), H hidden units, D inputs.
"""

from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sadal_core.ages import GRID, gaussian_labels
from sadal_core.methods.heads.components import principal
from sadal_core.methods.heads.losses import soft_cross_entropy
from sadal_core.rankers.checks import AgeRegressor, checked, checked_training
from sadal_core.settings import check_ranges

_CHUNK: Final = 1000  # samples at once: their hidden units for all ages are held in memory


class ConditionalNetwork(torch.nn.Module):
    r"""eta(x, y) for every age y of the grid.

    .. math:: \eta(x, y) = \sum_h v_h\, \sigma(w_h x + u_h y + c_h)
    """

    def __init__(self, inputs: int, hidden: int, *, years: Float[Tensor, " ages"]) -> None:
        """Take the ages `years` at a scale like that of the inputs; parameters are drawn."""
        super().__init__()
        self.first = torch.nn.Linear(inputs + 1, hidden)  # the last input is the age
        self.second = torch.nn.Linear(hidden, 1, bias=False)  # a bias would cancel in the softmax
        self.years: Tensor
        self.register_buffer("years", years)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch ages"]:
        """Logits eta of all ages."""
        weights = self.first.weight
        face = torch.nn.functional.linear(x, weights[:, :-1], self.first.bias)  # BD -> BH
        age = self.years[:, None] * weights[:, -1]  # A1, H -> AH
        hidden = torch.sigmoid(face[:, None, :] + age)  # B1H, AH -> BAH
        return self.second(hidden)[..., 0]  # BAH -> BA


def train(network: ConditionalNetwork, x: Tensor, labels: Tensor, *, epochs: int) -> list[float]:
    """Train by RPROP on all samples at once; the mean loss at the start of each epoch."""
    optimizer = torch.optim.Rprop(network.parameters())
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        total = 0.0
        for inputs, wanted in zip(x.split(_CHUNK), labels.split(_CHUNK), strict=True):
            loss = soft_cross_entropy(network(inputs), wanted).sum() / len(x)
            loss.backward()
            total += loss.item()
        optimizer.step()
        losses.append(total)
    return losses


class CPNN(AgeRegressor):
    r"""Distribution over the age grid from a network that takes the age as an input.

    .. math:: p(y|x) = \frac{\exp \eta(x, y)}{\sum_{y'} \exp \eta(x, y')}, \qquad
        \min \frac1N \sum_i KL(P_i \| p(\cdot|x_i)), \qquad \hat y = \sum_y y\, p(y|x)

    with P_i a Gaussian around the true age, eta a network of three layers and RPROP as in the
    paper.

    Departs: the inputs are principal components of the features, where the paper has AAM or BIF
    features; the age is the expectation, where the paper takes the most probable one; the epochs
    are fixed.

    Reference: Geng, Yin and Zhou, "Facial Age Estimation by Learning from Label Distributions",
    TPAMI 2013.

    Attributes:
        directions_: V of the components (x - m) V; see `components.principal`.
        centre_: m.
        network_: the network.
        losses_: mean loss at the start of each epoch, the KL divergence plus the labels' entropy.
    """

    def __init__(
        self,
        hidden: int = 16,
        components: int = 10,
        sigma: float = 2.0,
        epochs: int = 60,
        random_state: int = 0,
    ) -> None:
        """Take the settings; they are checked in `fit`.

        Args:
            hidden: units of the middle layer, at least 1.
            components: of the features, at least 1; fewer where there are not as many.
            sigma: width of the label distributions in years, above 0.
            epochs: of RPROP, at least 1.
            random_state: seed of the first parameters.
        """
        self.hidden = hidden
        self.components = components
        self.sigma = sigma
        self.epochs = epochs
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray) -> "CPNN":  # noqa: N803
        """Learn from features (N, D) and ages in years.

        Raises:
            DataError: see `checks.checked_training`.
            ConfigError: a setting out of its range.
        """
        check_ranges(self, dict.fromkeys(("hidden", "components", "epochs"), (1, 1e6)))
        x, ages = checked_training(self, X, y)
        labels = gaussian_labels(torch.from_numpy(ages), sigma=self.sigma).float()
        self.directions_, self.centre_ = principal(x, components=self.components)
        inputs = self._inputs(x)
        years = torch.from_numpy((GRID - ages.mean()) / ages.std()).float()
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(self.random_state)
            self.network_ = ConditionalNetwork(inputs.shape[1], self.hidden, years=years)
            self.losses_ = train(self.network_, inputs, labels, epochs=self.epochs)
        return self

    def predict_proba(self, X: np.ndarray) -> Float[np.ndarray, "samples ages"]:  # noqa: N803
        """Distribution over `ages.GRID` of each sample."""
        check_is_fitted(self)
        chunks = self._inputs(checked(self, X)).split(_CHUNK)
        with torch.no_grad():
            logits = torch.cat([self.network_(chunk) for chunk in chunks])
        return torch.softmax(logits.double(), dim=1).numpy()

    def predict(self, X: np.ndarray) -> Float[np.ndarray, " samples"]:  # noqa: N803
        """Expected age of each sample in years."""
        return self.predict_proba(X) @ GRID

    def _inputs(self, x: np.ndarray) -> Tensor:
        return torch.from_numpy((x - self.centre_) @ self.directions_).float()
