import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from sadal_core.collapse import Alarm
from sadal_core.embedding import EmbeddingHead
from sadal_core.errors import DataError
from sadal_core.generator import HardNegativeGenerator
from sadal_core.hard_negatives import HardNegatives, hard_negatives
from sadal_core.objective import Objective
from sadal_core.quadruplets import QuadrupletSampler
from sadal_core.similarity import Similarity
from tests import reference

SAMPLES, WIDTH = 60, 4


class Scene:
    """Samples whose first feature is their age, with networks to make negatives from them."""

    def __init__(self, *, kind: str = "mlp") -> None:
        torch.manual_seed(13)
        self.generator = HardNegativeGenerator(WIDTH, kind=kind)
        self.head = EmbeddingHead(WIDTH, 3)
        ages = np.repeat(np.arange(20, 40), 3)
        self.features = torch.randn(SAMPLES, WIDTH)
        self.features[:, 0] += torch.from_numpy(ages) / 5 - 6
        self.sampler = QuadrupletSampler(ages, seed=2)
        self.objective = Objective(Similarity("wing_norm"), tau=0.4)

    def negatives(self) -> HardNegatives:
        return hard_negatives(
            self.generator, self.head, self.features, self.sampler.ages,
            self.sampler.epoch(0), self.objective,
        )  # fmt: skip

    def alarms(self) -> tuple[Alarm, ...]:
        embeddings = self.head(self.features).detach().numpy()
        report = self.negatives().collapse_report(
            embeddings, self.sampler.ages, np.random.default_rng(0)
        )
        return report.alarms()


def test_every_column_is_what_its_formula_says() -> None:
    scene = Scene()
    made, quadruplets = scene.negatives(), scene.sampler.epoch(0)
    count = len(quadruplets.anchor)
    assert len(made) == 2 * count
    np.testing.assert_array_equal(made.anchor, np.r_[quadruplets.anchor, quadruplets.positive])
    np.testing.assert_array_equal(made.positive, np.r_[quadruplets.positive, quadruplets.anchor])
    np.testing.assert_array_equal(made.source, np.r_[quadruplets.younger, quadruplets.older])
    np.testing.assert_array_equal(made.anchor_age, scene.sampler.ages[made.anchor])
    np.testing.assert_array_equal(made.source_age, scene.sampler.ages[made.source])
    x = scene.features
    with torch.no_grad():
        generated = scene.generator(x[made.source], x[made.anchor], x[made.positive])
        embedded = scene.head(generated)
        real = scene.head(x)
    np.testing.assert_allclose(made.features, generated, rtol=1e-6)
    np.testing.assert_allclose(made.embeddings, embedded, rtol=1e-6)
    states = []
    for row in range(len(made)):
        anchor, positive, source = (
            real[ids[row]].tolist() for ids in (made.anchor, made.positive, made.source)
        )
        after = reference.d(anchor, embedded[row].tolist())
        before = reference.d(anchor, source)
        q = reference.q_wing_norm(made.anchor_age[row], made.source_age[row], 5, 1)
        assert made.q[row] == pytest.approx(q, rel=1e-5)
        assert made.distance_after[row] == pytest.approx(after, rel=1e-4)
        assert made.distance_before[row] == pytest.approx(before, rel=1e-4)
        assert made.demanded[row] == pytest.approx(0.4 / q, rel=1e-5)
        states.append((
            reference.adv_one_minus_q(after, q, 0.4) > 0,
            reference.hinge_on_distance(after, q, 0.4) > 0,
            reference.hinge_on_distance(before, q, 0.4) > 0,
        ))  # fmt: skip
    found = (made.adversary_active, made.metric_active, made.real_active)
    for expected, column in zip(zip(*states, strict=True), found, strict=True):
        assert set(expected) == {True, False}
        np.testing.assert_array_equal(column, expected)


def test_the_table_holds_one_number_per_row_and_column() -> None:
    made = Scene().negatives()
    table = made.table()
    assert set(table) == {f.name for f in dataclasses.fields(made)} - {"features", "embeddings"}
    assert {column.shape for column in table.values()} == {(len(made),)}


def test_the_midpoint_generator_makes_midpoints_and_is_found_out() -> None:
    scene = Scene(kind="midpoint")
    made = scene.negatives()
    np.testing.assert_allclose(made.midpoint_residual, 0, atol=1e-6)
    np.testing.assert_allclose(made.copy_ratio, 0.5, rtol=1e-5)
    assert Alarm.MIDPOINT in scene.alarms()


class _Copy(nn.Module):
    def __init__(self, part: int) -> None:
        super().__init__()
        self.part = part

    def forward(self, triple: torch.Tensor) -> torch.Tensor:
        return triple.chunk(3, dim=1)[self.part]


@pytest.mark.parametrize(("part", "alarm"), [(0, Alarm.COPIES_SOURCE), (1, Alarm.COPIES_ANCHOR)])
def test_a_generator_that_copies_is_found_out(part: int, alarm: Alarm) -> None:
    scene = Scene()
    scene.generator.net = _Copy(part)
    assert alarm in scene.alarms()
    if part == 1:
        np.testing.assert_allclose(scene.negatives().distance_after, 0, atol=1e-6)


def test_a_collapsed_head_is_found_out() -> None:
    scene = Scene()
    healthy = scene.alarms()
    with torch.no_grad():
        scene.head.linear.weight.mul_(1e-4)
    alarms = scene.alarms()
    assert Alarm.EMBEDDING_POINT not in healthy
    assert {Alarm.EMBEDDING_POINT, Alarm.INERT_ADVERSARY, Alarm.UNSATISFIED_METRIC} <= set(alarms)


def test_the_printed_adversary_is_found_to_be_inert() -> None:
    scene = Scene()
    assert Alarm.INERT_ADVERSARY not in scene.alarms()
    scene.objective = dataclasses.replace(scene.objective, adv="printed")
    assert Alarm.INERT_ADVERSARY in scene.alarms()


def test_making_negatives_leaves_no_gradient_behind() -> None:
    scene = Scene()
    scene.features.requires_grad_()
    scene.negatives()
    for parameter in (*scene.generator.parameters(), *scene.head.parameters(), scene.features):
        assert parameter.grad is None


def test_no_quadruplets_make_no_negatives() -> None:
    scene = Scene()
    none = type(scene.sampler.epoch(0))(*(role[:0] for role in scene.sampler.epoch(0)))
    made = hard_negatives(
        scene.generator, scene.head, scene.features, scene.sampler.ages, none, scene.objective
    )
    assert len(made) == 0
    report = made.collapse_report(
        scene.head(scene.features).detach().numpy(), scene.sampler.ages, np.random.default_rng(0)
    )
    assert np.isnan([report.copy_ratio, report.adversary_active]).all()


def test_features_that_do_not_fit_are_refused() -> None:
    scene = Scene()
    scene.features[7, 1] = float("nan")
    with pytest.raises(DataError, match="features of sample 7, and of 1 samples in all, hold"):
        scene.negatives()
    scene.features = torch.zeros(SAMPLES - 1, WIDTH)
    with pytest.raises(DataError, match="There are 59 rows of features for 60 ages"):
        scene.negatives()
