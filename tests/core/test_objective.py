import math

import pytest
import torch
from torch import Tensor

from sadal_core.errors import ConfigError
from sadal_core.losses import ADVERSARIES
from sadal_core.objective import Objective, generator_terms, metric_terms
from sadal_core.quadruplets import Negatives, Roles
from sadal_core.similarity import Similarity
from tests import reference

NAMES = ("i", "j", "k", "l", "gk", "gl")
SIZE = 40


@pytest.fixture
def features() -> Tensor:
    torch.manual_seed(7)
    return torch.randn(6, SIZE, 4, dtype=torch.float64)


@pytest.fixture
def embeddings() -> Tensor:
    torch.manual_seed(8)
    return torch.nn.functional.normalize(torch.randn(6, SIZE, 3, dtype=torch.float64), dim=2)


@pytest.fixture
def q() -> Negatives:
    similarity = Similarity("wing_norm")
    younger, older = torch.arange(1, SIZE + 1).double(), torch.arange(1, SIZE + 1).flip(0).double()
    return Negatives(similarity(younger), similarity(older))


def _row(values: Tensor, row: int) -> dict[str, list[float]]:
    return dict(zip(NAMES, values[:, row].tolist(), strict=True))


def _q(q: Negatives, row: int) -> dict[str, float]:
    return {"ik": q.younger[row].item(), "jl": q.older[row].item()}


def assert_terms(found: tuple[Tensor, ...], expected: list[tuple[float, ...]]) -> None:
    for term, values in zip(found, zip(*expected, strict=True), strict=True):
        torch.testing.assert_close(term, torch.tensor(values, dtype=torch.float64))


@pytest.mark.parametrize("adv", ADVERSARIES)
def test_g_is_the_printed_sum_over_both_negatives(
    adv: str, features: Tensor, embeddings: Tensor, q: Negatives
) -> None:
    objective = Objective(tau=0.3, alpha=0.4, adv=adv)
    expected = [
        reference.generator_objective(
            _row(features, row), _row(embeddings, row), _q(q, row), adv, 0.3, 0.4
        )
        for row in range(SIZE)
    ]
    if adv != "printed":
        assert 0 in [terms[2] for terms in expected]
        assert len({terms[2] for terms in expected}) > 5
    found = generator_terms(
        Roles(*features[:4]), Negatives(*features[4:]),
        Roles(*embeddings[:4]), Negatives(*embeddings[4:]), q, objective,
    )  # fmt: skip
    assert_terms(found, expected)


@pytest.mark.parametrize("q_on", ["distance", "margin"])
def test_d_is_the_printed_sum_over_both_negatives(
    q_on: str, embeddings: Tensor, q: Negatives
) -> None:
    expected = [
        reference.metric_objective(_row(embeddings, row), _q(q, row), q_on, 0.8)
        for row in range(SIZE)
    ]
    for column in (0, 1):
        values = [terms[column] for terms in expected]
        assert 0 in values
        assert len(set(values)) > 5
    objective = Objective(tau=0.8, q_on=q_on)
    found = metric_terms(Roles(*embeddings[:4]), Negatives(*embeddings[4:]), q, objective)
    assert_terms(found, expected)
    without = metric_terms(Roles(*embeddings[:4]), None, q, objective)
    assert_terms(without, [(0.0, real, pull) for _, real, pull in expected])


def test_powers_reach_the_terms(embeddings: Tensor, q: Negatives) -> None:
    arguments = (Roles(*embeddings[:4]), Negatives(*embeddings[4:]), q)
    one = metric_terms(*arguments, Objective(hinge_power=1, pos_power=1))
    two = metric_terms(*arguments, Objective())
    torch.testing.assert_close(one.positive.square(), two.positive)
    assert (one.synthetic > two.synthetic).any()
    # The square of a sum is not the sum of squares: each hinge is squared alone.
    single = (one.synthetic > 0) & (two.synthetic > 0)
    assert (two.synthetic[single] <= one.synthetic[single] ** 2 + 1e-12).all()


def test_totals_weigh_each_term(features: Tensor, embeddings: Tensor, q: Negatives) -> None:
    roles, generated = Roles(*embeddings[:4]), Negatives(*embeddings[4:])
    plain = Objective(tau=0.1)
    g = generator_terms(Roles(*features[:4]), Negatives(*features[4:]), roles, generated, q, plain)
    d = metric_terms(roles, generated, q, plain)
    torch.testing.assert_close(g.total(plain), g.hard + g.reg + g.adv)
    torch.testing.assert_close(d.total(plain), d.synthetic + d.positive)
    weighed = Objective(hard=2, reg=3, adversarial=5, synthetic=7, real=11, positive=13)
    torch.testing.assert_close(g.total(weighed), 2 * g.hard + 3 * g.reg + 5 * g.adv)
    torch.testing.assert_close(d.total(weighed), 7 * d.synthetic + 11 * d.real + 13 * d.positive)


def test_rotations_and_the_order_of_the_batch_do_not_change_the_terms(
    embeddings: Tensor, q: Negatives
) -> None:
    rotation = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    plain = metric_terms(Roles(*embeddings[:4]), Negatives(*embeddings[4:]), q, Objective())
    turned = embeddings @ rotation
    order = torch.randperm(SIZE)
    for found, rows in (
        (metric_terms(Roles(*turned[:4]), Negatives(*turned[4:]), q, Objective()), slice(None)),
        (
            metric_terms(
                Roles(*embeddings[:4, order]),
                Negatives(*embeddings[4:, order]),
                Negatives(q.younger[order], q.older[order]),
                Objective(),
            ),
            order,
        ),
    ):
        for term, expected in zip(found, plain, strict=True):
            torch.testing.assert_close(term, expected[rows])


@pytest.mark.parametrize("size", [0, 1])
def test_batches_of_none_and_one_give_as_many_values(
    size: int, features: Tensor, embeddings: Tensor, q: Negatives
) -> None:
    few = Negatives(q.younger[:size], q.older[:size])
    x, f = features[:, :size], embeddings[:, :size]
    objective = Objective()
    g = generator_terms(
        Roles(*x[:4]), Negatives(*x[4:]), Roles(*f[:4]), Negatives(*f[4:]), few, objective
    )
    d = metric_terms(Roles(*f[:4]), Negatives(*f[4:]), few, objective)
    assert all(term.shape == (size,) for term in (*g, *d, g.total(objective), d.total(objective)))


def test_the_default_margin_can_be_met_and_an_infeasible_one_is_refused() -> None:
    Objective().check_feasible(100)
    with pytest.raises(ConfigError, match="tau = 1 with q_on='distance' demands"):
        Objective(tau=1.0).check_feasible(5)
    Objective(tau=0.3, q_on="margin").check_feasible(5)
    with pytest.raises(ConfigError, match="at an age gap of 100 years"):
        Objective(tau=0.3, q_on="margin").check_feasible(100)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tau": 0.0}, "tau must be a finite squared distance above 0"),
        ({"q_on": "age"}, "Unknown q_on 'age'"),
        ({"adv": "gan"}, "Unknown adv 'gan'"),
        ({"alpha": math.nan}, "alpha must be a finite squared distance, got nan"),
        ({"hinge_power": 3}, "Unknown hinge_power 3. Known: 1, 2"),
        ({"pos_power": 0}, "Unknown pos_power 0. Known: 1, 2"),
        ({"adversarial": -1.0}, "adversarial must be from 0 to 1e.06, got -1.0"),
        ({"real": math.inf}, "real must be from 0 to 1e.06, got inf"),
    ],
)
def test_bad_settings_are_refused(changes: dict, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        Objective(**changes)
