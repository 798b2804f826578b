from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sadal_core.errors import ConfigError, DataError
from sadal_core.losses import FARTHEST
from sadal_core.methods.metrics.learning import (
    Embedded,
    Population,
    Schedule,
    fitting_batch,
    learned,
)
from sadal_core.methods.metrics.lsdml import LSDML
from sadal_core.methods.metrics.odfl import ODFL
from sadal_core.methods.metrics.readout import ITERATIONS, embedding, hyperplanes
from sadal_core.methods.metrics.rows import ROWS
from sadal_core.methods.metrics.sadal import FORMS, SADAL, met_window
from sadal_core.objective import Objective
from sadal_core.quadruplets import QuadrupletSampler
from sadal_core.training.metric.config import MetricConfig
from tests.planted_faces import planted

SCHEDULE = Schedule(dim=4, epochs=3, batch_size=16, learning_rate=1e-2)


def fitted(estimator: Any, count: int = 240) -> Any:
    return estimator.fit(*planted("features", count, seed=0))


def population(count: int = 60, *, seed: int = 0) -> Population:
    features, ages = planted("features", count, seed=seed)
    return Population(torch.from_numpy(features), np.floor(ages / 5))


def pull(batches: list[Embedded]) -> Tensor:
    """Mean squared distance of anchors and positives, of all populations."""
    return torch.stack(
        [(b.embeddings.anchor - b.embeddings.positive).square().mean() for b in batches]
    ).sum()


# --- how ODFL and LSDML learn ----------------------------------------------------------------


def test_every_batch_holds_the_ages_of_its_quadruplets() -> None:
    seen: list[Embedded] = []

    def watched(batches: list[Embedded]) -> Tensor:
        seen.extend(batches)
        return pull(batches)

    learned([population()], watched, SCHEDULE, seed=0)
    anchors = QuadrupletSampler(population().ages, age_window=None).report.anchors
    size = anchors // 4
    assert len(seen) == 3 * (anchors // size)
    for batch in seen:
        anchor, positive, younger, older = batch.ages
        assert len(anchor) == size
        assert torch.equal(anchor, positive)
        assert (younger < anchor).all()
        assert (older > anchor).all()
        lengths = torch.cat(batch.embeddings).norm(dim=1)
        torch.testing.assert_close(lengths, torch.ones_like(lengths))


def test_learning_lowers_the_loss_and_repeats_under_its_seed() -> None:
    losses: list[float] = []

    def watched(batches: list[Embedded]) -> Tensor:
        loss = pull(batches)
        losses.append(loss.item())
        return loss

    (model,) = learned([population()], watched, SCHEDULE, seed=1)
    assert losses[-1] < 0.8 * losses[0]
    (again,) = learned([population()], pull, SCHEDULE, seed=1)
    (other,) = learned([population()], pull, SCHEDULE, seed=2)
    assert torch.equal(model.head.linear.weight, again.head.linear.weight)
    assert not torch.equal(model.head.linear.weight, other.head.linear.weight)


def test_learning_leaves_the_global_seed_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    learned([population()], pull, SCHEDULE, seed=1)
    fitted(SADAL())
    assert torch.equal(torch.rand(3), expected)


def test_every_population_has_a_map_and_a_scale_of_its_own() -> None:
    small, large = population(30, seed=1), population(90, seed=2)
    large = large._replace(features=large.features * 5 + 1)
    models = learned([small, large], pull, SCHEDULE, seed=0)
    assert len(models) == 2
    assert not torch.equal(models[0].head.linear.weight, models[1].head.linear.weight)
    torch.testing.assert_close(models[1].mean, large.features.mean(dim=0))
    torch.testing.assert_close(models[0].mean, small.features.mean(dim=0))


def test_a_batch_is_made_smaller_where_there_are_few_anchors() -> None:
    sampler = QuadrupletSampler([1, 2, 2, 3, 2, 2, 2], age_window=None)
    assert sampler.report.anchors == 5
    assert fitting_batch(128, sampler) == 1
    everybody = QuadrupletSampler(list(range(10)) * 100, age_window=None)
    assert fitting_batch(128, everybody) == 128
    assert fitting_batch(512, everybody) == 200


@pytest.mark.parametrize("name", ["dim", "epochs", "batch_size"])
def test_a_schedule_of_nothing_is_refused(name: str) -> None:
    settings: dict[str, Any] = {"dim": 4, "epochs": 1, "batch_size": 8, "learning_rate": 0.1}
    with pytest.raises(ConfigError, match=f"{name} must be from 1"):
        Schedule(**settings | {name: 0})


# --- the estimators --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_every_metric_method_has_the_same_readout_budget(name: str) -> None:
    made = fitted(ROWS[name].estimator(0, 1), 60)
    assert made.ranker_.iterations == ITERATIONS
    assert made.metric_.shape()["dim"] == 100
    assert made.metric_.shape()["generator"] == "none"


@pytest.mark.parametrize("name", ROWS)
def test_the_largest_candidate_learns_from_ages_as_far_apart_as_they_come(name: str) -> None:
    features, ages = planted("features", 120, seed=0)
    wide = np.floor((ages - 10) * 116 / 39)
    made = ROWS[name].estimator(2, 1).fit(features, wide).predict(features)
    assert np.abs(made - wide).mean() < 15
    assert made.min() >= 0
    assert made.max() <= 120


@pytest.mark.parametrize("name", ROWS)
def test_a_handful_of_faces_is_enough_where_a_quadruplet_can_be_made(name: str) -> None:
    features, _ = planted("features", 6, seed=0)
    made = ROWS[name].estimator(0, 1)
    made.fit(features, np.array([20.0, 21, 21, 21, 22, 22]))
    assert np.isfinite(made.predict(features)).all()


@pytest.mark.parametrize("name", ROWS)
def test_faces_that_make_no_quadruplet_are_refused(name: str) -> None:
    features, _ = planted("features", 4, seed=0)
    with pytest.raises(DataError, match="None of the 4 samples can be an anchor"):
        ROWS[name].estimator(0, 1).fit(features, np.array([20.0, 20, 30, 30]))


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (ODFL(margin=0), "margin must be from"),
        (ODFL(tau=5), "tau must be from"),
        (ODFL(width=0), "width must be from"),
        (ODFL(epochs=0), "epochs must be from"),
        (LSDML(margin=4.1), "margin must be from"),
        (LSDML(alignment=-1), "alignment must be from"),
        (LSDML(learning_rate=0), "learning_rate must be from"),
        (SADAL(form="gan"), "Unknown form 'gan'"),
        (SADAL(readout="knn"), "Unknown readout 'knn'"),
        (SADAL(tau=0), "tau must be a finite squared distance above 0"),
        (SADAL(form="printed", tau=0.6), "at an age gap of 1 years"),
    ],
)
def test_bad_settings_are_refused(estimator: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        fitted(estimator)


@pytest.mark.parametrize("estimator", [ODFL(epochs=30), LSDML(epochs=30), SADAL("real")])
def test_distances_come_to_grow_with_the_age_gap(estimator: Any) -> None:
    made = fitted(estimator)
    features, ages = planted("features", 100, seed=1)
    points = embedding(made.metric_, features.astype(np.float64))
    d = np.square(points[:, None] - points[None]).sum(axis=2)
    gaps = np.abs(ages[:, None] - ages[None])
    near, middle, far = (
        d[(gaps >= low) & (gaps < high)].mean() for low, high in ((1, 6), (12, 18), (25, 40))
    )
    assert near < 0.7 * middle
    assert middle < 0.7 * far


# --- several populations ---------------------------------------------------------------------


def two_populations() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The second sees the same ages along other axes."""
    (one, ages), (other, other_ages) = (
        planted("features", 120, seed=0),
        planted("features", 120, seed=2),
    )
    groups = np.repeat([0, 1], 120)
    return np.concatenate([one, other[:, ::-1]]), np.concatenate([ages, other_ages]), groups


def test_one_population_is_lsdml_without_its_alignment() -> None:
    samples, ages = planted("features", 240, seed=0)
    probe, _ = planted("features", 30, seed=1)
    alone = LSDML(alignment=0).fit(samples, ages).predict_proba(probe)
    grouped = LSDML(alignment=9).fit(samples, ages, np.zeros(240, int)).predict_proba(probe)
    np.testing.assert_array_equal(alone, grouped)


def test_samples_are_read_as_of_population_0() -> None:
    samples, ages, groups = two_populations()
    made = LSDML().fit(samples, ages, groups)
    probe, true = planted("features", 60, seed=1)
    constant = np.abs(true - np.median(ages)).mean()
    assert np.abs(made.predict(probe) - true).mean() < 0.5 * constant
    assert np.abs(made.predict(probe[:, ::-1].copy()) - true).mean() > 0.8 * constant


def test_the_other_population_counts() -> None:
    samples, ages, groups = two_populations()
    own = groups == 0
    probe, _ = planted("features", 60, seed=1)
    together = LSDML().fit(samples, ages, groups).predict_proba(probe)
    alone = LSDML().fit(samples[own], ages[own]).predict_proba(probe)
    assert np.abs(together - alone).max() > 1e-3


@pytest.mark.parametrize("name", ["1", "-1"])
def test_without_the_measured_population_nothing_is_learned(name: str) -> None:
    samples, ages, groups = two_populations()
    with pytest.raises(DataError, match=f"numbered from {name}, and the one that is measured is 0"):
        LSDML().fit(samples, ages, groups + int(name))


def test_groups_of_another_length_are_refused() -> None:
    samples, ages, groups = two_populations()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        LSDML().fit(samples, ages, groups[:-1])


# --- SADAL's forms ---------------------------------------------------------------------------


def test_the_window_ends_where_the_margin_can_no_longer_be_met() -> None:
    for tau in (0.17, 0.3, 0.5):
        objective = Objective(tau=tau, q_on="margin")
        window = met_window(objective, None)
        demanded = [
            float(objective.similarity.demanded_distance(float(gap), tau=tau, q_on="margin"))
            for gap in (window, window + 1)
        ]
        assert demanded[0] <= FARTHEST
        assert window == 120 or demanded[1] > FARTHEST
    assert [met_window(Objective(tau=t, q_on="margin"), None) for t in (0.17, 0.5)] == [120, 43]


def test_a_window_that_can_be_met_stays() -> None:
    assert met_window(Objective(tau=0.5, q_on="distance"), 5) == 5
    assert met_window(Objective(tau=0.3, q_on="margin"), 20) == 20
    assert met_window(Objective(tau=0.5, q_on="margin"), 60) == 43


def test_every_form_gives_the_metric_as_many_turns() -> None:
    turns = {form: c.metric_epochs + c.alternating_epochs for form, c in FORMS.items()}
    assert len(set(turns.values())) == 1


def test_sadal_is_the_default_of_the_metric_stage_and_the_controls_change_the_generator() -> None:
    default = MetricConfig()
    for form, kind in (("real", "none"), ("midpoint", "midpoint"), ("sadal", "mlp")):
        assert FORMS[form].generator == kind
        assert FORMS[form].objective == default.objective
    printed = FORMS["printed"]
    assert (printed.q_on, printed.age_window, printed.generator) == ("distance", 5, "mlp")
    weights = printed.objective
    assert (weights.synthetic, weights.real, weights.positive) == (1, 0, 1)


def test_every_form_learns_another_metric() -> None:
    probe, _ = planted("features", 30, seed=1)
    made = [fitted(SADAL(form, random_state=1)).predict_proba(probe) for form in FORMS]
    for one in range(len(made)):
        for other in range(one):
            assert np.abs(made[one] - made[other]).max() > 1e-6


def test_another_ranker_reads_ages_off_the_same_metric() -> None:
    own = fitted(ROWS["sadal"].estimator(0, 1))
    other = fitted(ROWS["sadal_ohranker"].estimator(0, 1))
    assert torch.equal(own.metric_.head.linear.weight, other.metric_.head.linear.weight)
    features, ages = planted("features", 240, seed=0)
    alone = hyperplanes().fit(embedding(own.metric_, features), ages)
    probe, _ = planted("features", 40, seed=1)
    made = other.predict(probe)
    np.testing.assert_array_equal(made, alone.predict(embedding(own.metric_, probe)))
    assert np.abs(made - own.predict(probe)).max() > 0
