import math
from typing import Any

import numpy as np
import pytest
import torch
from coral_pytorch.dataset import levels_from_labelbatch
from coral_pytorch.losses import coral_loss, corn_loss
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sadal_core.errors import ConfigError
from sadal_core.methods.heads.ordinal import OrdinalHead, distributions
from sadal_core.methods.heads.tasks import TASKS, binary_loss
from tests.planted_faces import planted

RANKS = np.array([0, 0, 0, 0, 1, 2, 2, 3, 3, 3])


def outputs(*, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2, (len(RANKS), 3))


def made_loss(tasks: str, logits: np.ndarray) -> float:
    older = torch.from_numpy((RANKS[:, None] > np.arange(3)).astype(np.float64))
    weights = torch.from_numpy(TASKS[tasks].weights(RANKS))
    return binary_loss(torch.from_numpy(logits), older, weights).item()


def log_loss(logit: float, older: bool) -> float:
    o = 1 / (1 + math.exp(-logit))
    return -math.log(o) if older else -math.log(1 - o)


def test_the_loss_of_or_cnn_is_the_published_formula() -> None:
    logits, counts = outputs(), [4, 1, 2]  # samples of the ranks 0, 1 and 2
    roots = [math.sqrt(count) for count in counts]
    total = 0.0
    for i, rank in enumerate(RANKS):
        for k in range(3):
            total += roots[k] / sum(roots) * log_loss(logits[i, k], bool(rank > k))
    assert made_loss("or_cnn", logits) == pytest.approx(total / len(RANKS))


def test_the_loss_of_coral_is_that_of_its_authors() -> None:
    logits = outputs()
    levels = levels_from_labelbatch(torch.from_numpy(RANKS), num_classes=4).double()
    wanted = coral_loss(torch.from_numpy(logits), levels)
    assert made_loss("coral", logits) == pytest.approx(wanted.item())


def test_the_loss_of_corn_is_that_of_its_authors() -> None:
    logits = outputs()
    wanted = corn_loss(torch.from_numpy(logits), torch.from_numpy(RANKS), num_classes=4)
    assert made_loss("corn", logits) == pytest.approx(float(wanted))


def test_the_loss_of_corn_is_the_published_formula() -> None:
    logits, total, asked = outputs(), 0.0, 0
    for k in range(3):
        for i, rank in enumerate(RANKS):
            if k == 0 or rank > k - 1:
                total += log_loss(logits[i, k], bool(rank > k))
                asked += 1
    assert asked == 10 + 6 + 5
    assert made_loss("corn", logits) == pytest.approx(total / asked)


def test_importance_follows_the_root_of_the_count() -> None:
    ranks = np.array([0, 0, 0, 0, 1, 2])
    np.testing.assert_allclose(TASKS["or_cnn"].weights(ranks) * 6, [[2 / 3, 1 / 3]] * 6)


@pytest.mark.parametrize("tasks", TASKS)
def test_gradients_are_those_of_the_values(tasks: str) -> None:
    older = torch.from_numpy((RANKS[:, None] > np.arange(3)).astype(np.float64))
    weights = torch.from_numpy(TASKS[tasks].weights(RANKS))
    logits = torch.from_numpy(outputs()).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: binary_loss(x, older, weights), (logits,))


def test_conditional_answers_are_multiplied_up() -> None:
    answers = np.array([[0.9, 0.5, 0.5], [0.2, 1.0, 1.0]])
    np.testing.assert_allclose(TASKS["corn"].above(answers), [[0.9, 0.45, 0.225], [0.2] * 3])
    np.testing.assert_allclose(TASKS["or_cnn"].above(answers), answers)


def test_distributions_lie_on_the_ages_that_occur() -> None:
    above = np.array([[0.7, 0.2], [0.3, 0.6]])  # the second rises, and is made to stay level
    made = distributions(above, np.array([20.0, 30.0, 31.0]))
    np.testing.assert_allclose(made[:, [20, 30, 31]], [[0.3, 0.5, 0.2], [0.7, 0.0, 0.3]])
    np.testing.assert_allclose(made.sum(axis=1), 1)


def by_hand(intercept: list[float]) -> Any:
    head: Any = OrdinalHead("or_cnn")
    head.coef_, head.intercept_ = np.ones((3, 1)), np.array(intercept)
    head.ages_, head.n_features_in_ = np.array([20.0, 25.0, 26.0, 40.0]), 1
    return head


def test_an_age_is_the_rank_that_counts_the_answers_older() -> None:
    points = np.array([[-0.5], [0.5], [1.5], [2.5]])
    head = by_hand([0.0, -1.0, -2.0])
    assert head.predict(points).tolist() == [20, 25, 26, 40]
    assert head.inconsistency(points) == 0


def test_answers_that_contradict_the_order_are_counted() -> None:
    head = by_hand([0.0, 1.0, -2.0])  # the second says "older" before the first does
    assert head.inconsistency(np.array([[-0.5], [0.5], [1.5], [-3.0]])) == 0.25
    assert head.predict(np.array([[-0.5]])).tolist() == [25]


def fit(tasks: str, *, penalty: float = 1e-2, count: int = 120) -> tuple[OrdinalHead, Any, Any]:
    x, ages = planted("features", count, seed=0)
    ages = np.floor(ages / 5) * 5
    return OrdinalHead(tasks, penalty=penalty, iterations=2000).fit(x, ages), x, ages


def alone(x: np.ndarray, older: np.ndarray, *, C: float) -> Any:  # noqa: N803
    return LogisticRegression(C=C, tol=1e-9, max_iter=5000).fit(x, older)


def test_every_task_of_or_cnn_is_the_logistic_regression_of_scikit_learn() -> None:
    head, x, ages = fit("or_cnn")
    z: Any = StandardScaler().fit_transform(x.astype(np.float64))
    roots = np.sqrt([(ages == age).sum() for age in head.ages_[:-1]])
    for k in (0, 3, 6):
        importance = roots[k] / roots.sum() / len(x)
        wanted = alone(z, ages > head.ages_[k], C=importance / (2 * 1e-2))
        made = head.probabilities_above(x)[:, k]
        assert made.std() > 0.02
        np.testing.assert_allclose(made, wanted.predict_proba(z)[:, 1], atol=1e-3)


def test_every_task_of_corn_learns_from_those_that_have_reached_it() -> None:
    head, x, ages = fit("corn", penalty=1e-3)
    z: Any = StandardScaler().fit_transform(x.astype(np.float64))
    asked = sum((ages >= age).sum() for age in head.ages_[:-1])
    wanted = np.ones(len(x))
    for k in range(4):
        reached = ages >= head.ages_[k]
        task = alone(z[reached], ages[reached] > head.ages_[k], C=1 / (2 * 1e-3 * asked))
        wanted = wanted * task.predict_proba(z)[:, 1]
    np.testing.assert_allclose(head.probabilities_above(x)[:, 3], wanted, atol=1e-3)


def test_biases_of_coral_fall_from_rank_to_rank_and_share_one_direction() -> None:
    head, x, _ = fit("coral")
    assert head.coef_.shape == (1, x.shape[1])
    assert (np.diff(head.intercept_) < 0).all()


@pytest.mark.parametrize("tasks", ["coral", "corn"])
def test_consistent_methods_never_contradict_the_order(tasks: str) -> None:
    head, x, _ = fit(tasks)
    far = np.random.default_rng(0).normal(0, 20, (500, x.shape[1]))
    assert head.inconsistency(far) == 0
    assert (np.diff(head.probabilities_above(far), axis=1) <= 0).all()


def test_or_cnn_does_contradict_the_order_far_from_what_it_has_seen() -> None:
    head, x, _ = fit("or_cnn")
    far = np.random.default_rng(0).normal(0, 20, (500, x.shape[1]))
    assert 0 < head.inconsistency(far) < 1


def test_with_two_ages_all_methods_are_one_logistic_regression() -> None:
    x, ages = planted("features", 60, seed=0)
    two = np.where(ages > 30, 50.0, 20.0)
    made = [OrdinalHead(tasks, iterations=500).fit(x, two).probabilities_above(x)
            for tasks in TASKS]  # fmt: skip
    assert made[0].shape == (60, 1)
    np.testing.assert_allclose(made[1], made[0], atol=1e-6)
    np.testing.assert_allclose(made[2], made[0], atol=1e-6)


def test_only_ages_that_occur_are_read() -> None:
    head, x, ages = fit("or_cnn")
    assert set(head.predict(x)) <= set(ages)
    assert head.ages_.tolist() == sorted(set(ages))


@pytest.mark.parametrize(
    ("head", "words"),
    [(OrdinalHead("svm"), "Unknown tasks 'svm'. Known: or_cnn"),
     (OrdinalHead(penalty=-1.0), "penalty must be from 0")],
)  # fmt: skip
def test_bad_settings_are_refused(head: OrdinalHead, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        head.fit(*planted("features", 20, seed=0))
