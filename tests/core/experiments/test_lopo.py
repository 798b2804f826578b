from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sadal_core.data.crops import Crops
from sadal_core.errors import ConfigError, DataError
from sadal_core.evaluation.metrics import mae
from sadal_core.evaluation.protocols import Measured
from sadal_core.experiments import lopo
from sadal_core.experiments.lopo import READOUTS, leave_one_person_out
from sadal_core.experiments.tuned_folds import tuned_folds
from sadal_core.experiments.tuning import TUNING, Tuning
from sadal_core.features import feature_set
from sadal_core.metric import MetricModel
from sadal_core.model import AgeModel
from tests.planted import TINY, planted_crops

EVERY = [
    (readout, tune) for readout in READOUTS for tune in (False, True) if readout != "head" or tune
]


@pytest.fixture
def model(tiny: AgeModel, monkeypatch: pytest.MonkeyPatch) -> AgeModel:
    monkeypatch.setattr(lopo, "_PENALTIES", (1e-4, 1e-2))  # enough to choose from
    tiny.metric = MetricModel(TINY.features, dim=6, generator="mlp", hidden=8)
    tiny.metric.standardise_to(feature_set(tiny, planted_crops(50, seed=9)).plain)
    return tiny


def unseen(done: int, total: int) -> None:
    pass


def measured(
    model: AgeModel,
    crops: Crops,
    readout: str,
    done: list[tuple[int, int]],
    tune: Path | None = None,
    tuning: Tuning = TUNING,
) -> Measured:
    faces, tuned = feature_set(model, crops), None
    if tune is not None:
        tuned = tuned_folds(model, crops, faces, tune, unseen, workers=1, tuning=tuning)
    return leave_one_person_out(
        model, crops, faces, readout, lambda *now: done.append(now), tuned=tuned, workers=1
    )


@pytest.mark.parametrize("readout", sorted(set(READOUTS) - {"head"}))
def test_every_readout_learns_from_the_others(model: AgeModel, readout: str) -> None:
    crops = planted_crops(120, subjects=4)
    folds: list[tuple[int, int]] = []
    check_learned(measured(model, crops, readout, folds), folds)


def check_learned(result: Measured, folds: list[tuple[int, int]]) -> None:
    made = result.predictions
    assert folds[-1] == (4, 4)
    assert mae(made.true, made.age) < 7  # brightness is the age; the median would err by 20
    assert (made.low <= made.age).all()
    assert (made.age <= made.high).all()
    assert len(set(result.units.tolist())) == 4


def test_the_head_has_learned_from_them_by_the_tuning(model: AgeModel, tmp_path: Path) -> None:
    before, crops = model.head, planted_crops(120, subjects=4)
    folds: list[tuple[int, int]] = []
    at_length = Tuning(epochs=60, learning_rate=5e-3)  # the head of `tiny` knows no age at first
    check_learned(measured(model, crops, "head", folds, tmp_path, at_length), folds)
    assert model.head is before


def test_a_head_that_was_not_tuned_is_no_readout(model: AgeModel) -> None:
    with pytest.raises(ConfigError, match="Add --tune"):
        measured(model, planted_crops(60, subjects=3), "head", [])


@pytest.mark.parametrize(("readout", "tune"), EVERY)
def test_no_readout_sees_the_person(
    model: AgeModel, readout: str, tune: bool, tmp_path: Path
) -> None:
    """The estimate of a person is the same whatever ages that person's pictures carry."""
    crops = planted_crops(60, subjects=3)
    theirs = np.array([sample.subject == "p0" for sample in crops.samples])
    wrong = [
        replace(sample, age=79 - sample.age) if sample.subject == "p0" else sample
        for sample in crops.samples
    ]
    one, two = (tmp_path / "one", tmp_path / "two") if tune else (None, None)
    first = measured(model, crops, readout, [], one).predictions.age
    second = measured(model, replace(crops, samples=wrong), readout, [], two).predictions.age
    assert np.allclose(first[theirs], second[theirs])
    assert not np.allclose(first[~theirs], second[~theirs])


def test_tuning_gives_other_estimates(model: AgeModel, tmp_path: Path) -> None:
    crops = planted_crops(60, subjects=3)
    still = measured(model, crops, "ridge", []).predictions
    moved = measured(model, crops, "ridge", [], tmp_path).predictions
    assert not np.allclose(still.age, moved.age)
    assert mae(moved.true, moved.age) < 7


def test_the_metric_of_the_model_stays_as_it_is(model: AgeModel) -> None:
    assert model.metric is not None
    before = {name: value.clone() for name, value in model.metric.state_dict().items()}
    measured(model, planted_crops(60, subjects=3), "sadal", [])
    assert all(torch.equal(before[k], v) for k, v in model.metric.state_dict().items())


def test_a_model_without_a_metric_cannot_go_on_from_it(model: AgeModel) -> None:
    model.metric = None
    with pytest.raises(DataError, match="no metric to go on from"):
        measured(model, planted_crops(60, subjects=3), "sadal", [])


def test_it_needs_to_know_who_is_who(model: AgeModel) -> None:
    with pytest.raises(DataError, match="who is in each picture"):
        measured(model, planted_crops(20), "ridge", [])
    with pytest.raises(DataError, match="two subjects or more"):
        measured(model, planted_crops(20, subjects=1), "ridge", [])
