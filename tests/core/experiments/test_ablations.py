import functools
from typing import Any

import numpy as np
import pytest

from sadal_core.experiments.ablations import ABLATIONS, ablation, control, difference
from sadal_core.settings import overridden
from sadal_core.training.metric.config import MetricConfig
from tests.planted_features import planted_features

BASE = MetricConfig(
    batch_size=64, hidden=8, dim=6, metric_epochs=1, generator_epochs=1, alternating_epochs=1
)
SIDES = planted_features(), planted_features(60, seed=1)


@functools.cache
def row_of(name: str) -> dict[str, Any]:
    return ablation(name, SIDES, BASE, seed=1)


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_variant_trains_and_reads_ages(name: str) -> None:
    row = row_of(name)
    assert overridden(BASE, list(ABLATIONS[name])) is not None
    assert len(row["age"]) == 60
    assert row["mae"] == pytest.approx(
        np.abs(np.array(row["age"]) - SIDES[1].ages).mean(), abs=1e-2
    )
    assert row["interval"][0] < row["mae"] < row["interval"][1]
    assert (row["copy_ratio"] is None) == ("generator=none" in ABLATIONS[name])


def test_all_variants_differ_from_sadal_but_the_printed_adversary_is_no_adversary() -> None:
    ages = {name: row_of(name)["age"] for name in ABLATIONS}
    assert ages["adversary: printed"] == ages["adversary off"]
    same = [name for name, made in ages.items() if name != "sadal" and made == ages["sadal"]]
    # On these few batches the adversary may not act yet; everything else has to show.
    assert set(same) <= {"adversary off", "adversary: printed"}


def test_the_control_reads_ages_off_the_features() -> None:
    row = control(SIDES)
    constant = np.abs(SIDES[1].ages - np.median(SIDES[0].ages)).mean()
    assert row["mae"] < 0.6 * constant
    assert -1 <= row["spearman"] <= 1


def test_a_difference_is_paired_and_signed() -> None:
    true = SIDES[1].ages.astype(float)
    near, far = true + 1, true - 3
    gain, low, high = difference(near, far, SIDES[1])
    assert (gain, low, high) == pytest.approx((-2, -2, -2))
    assert difference(far, near, SIDES[1])[0] == pytest.approx(2)
