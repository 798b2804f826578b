import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from sadal_core.collapse import Alarm
from sadal_core.errors import ConfigError, DataError
from sadal_core.features import FeatureSet
from sadal_core.training.metric import loop
from sadal_core.training.metric.callbacks import Callback
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.loop import fit_metric
from sadal_core.training.metric.observe import Probe, Sight, validate
from sadal_core.training.metric.run import MetricRun
from sadal_core.training.metric.snapshots import Snapshots, recorded_metrics
from sadal_core.training.metric.sources import StoredFeatures
from sadal_core.training.metric.start import start_run
from sadal_core.training.metric.terms import StepTerms
from tests.planted_features import planted_features

CONFIG = MetricConfig(
    batch_size=32, hidden=16, dim=8, metric_epochs=2, generator_epochs=1, alternating_epochs=2,
    synthetic=1.0, tau=0.3,
)  # fmt: skip
TRAIN, HELD_OUT = planted_features(), planted_features(80, seed=1)


class KilledError(Exception):
    pass


class Killer:
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, run: MetricRun, terms: StepTerms) -> None:
        if run.step == self.step:
            raise KilledError

    def on_epoch_end(self, run: MetricRun, sight: Sight, record: dict[str, Any]) -> None:
        pass


def fitted(folder: Path, config: MetricConfig = CONFIG, *extra: Callback) -> MetricRun:
    run = start_run(StoredFeatures(TRAIN), config)
    probe = Probe.draw(run.sampler, count=20)
    callbacks = (Snapshots(folder / "snapshots"), *extra)
    fit_metric(run, StoredFeatures(HELD_OUT), folder, probe=probe, callbacks=callbacks)
    return run


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_training_orders_held_out_faces_by_age(tmp_path: Path) -> None:
    untrained = validate(start_run(StoredFeatures(TRAIN), CONFIG), StoredFeatures(HELD_OUT))
    run = fitted(tmp_path, replace(CONFIG, metric_epochs=10, learning_rate=1e-2))
    trained = validate(run, StoredFeatures(HELD_OUT))
    assert trained.order_correlation > max(0.8, untrained.order_correlation)
    assert trained.order_violations < untrained.order_violations
    assert trained.mae < untrained.mae


def test_the_metrics_say_what_each_phase_did(tmp_path: Path) -> None:
    fitted(tmp_path)
    lines = records(tmp_path)
    assert [line["phase"] for line in lines] == ["metric"] * 2 + ["generator"] + ["alternating"] * 2
    assert [line["epoch"] for line in lines] == list(range(5))
    for line in lines:
        assert ("hard" in line) == (line["phase"] != "metric")
        assert ("positive" in line) == (line["phase"] != "generator")
        assert 0 < line["probe_total_variance"] <= 1
        assert line["validation_mae"] > 0
    assert lines[0]["synthetic"] == 0
    assert lines[-1]["synthetic"] > 0
    assert 0 < lines[-1]["synthetic_active"] <= 1
    # The metric stands still while the generator learns.
    assert lines[2]["validation_mae"] == lines[1]["validation_mae"]


@pytest.mark.parametrize("stop_at", [1, 8, 20, 33])
def test_a_killed_run_goes_on_to_the_same_weights_and_records(
    tmp_path: Path, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_CHECKPOINT_STEPS", 3)
    unbroken = fitted(tmp_path / "unbroken")
    assert stop_at < unbroken.step
    with pytest.raises(KilledError):
        fitted(tmp_path / "killed", CONFIG, Killer(stop_at))
    resumed = fitted(tmp_path / "killed")
    first, second = unbroken.weights(), resumed.weights()
    assert all(torch.equal(first[name], second[name]) for name in first)
    texts = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("unbroken", "killed")]
    assert texts[0] == texts[1]


def test_a_folder_with_other_settings_is_refused(tmp_path: Path) -> None:
    fitted(tmp_path)
    settings = (tmp_path / "config.json").read_text()
    with pytest.raises(DataError, match="another tau"):
        fitted(tmp_path, replace(CONFIG, tau=0.2))
    assert (tmp_path / "config.json").read_text() == settings


def test_seeds_give_different_runs(tmp_path: Path) -> None:
    one = fitted(tmp_path / "one").weights()
    two = fitted(tmp_path / "two", replace(CONFIG, seed=2)).weights()
    assert not torch.equal(one["metric.head.linear.weight"], two["metric.head.linear.weight"])


def test_the_best_epoch_of_the_last_phase_is_kept(tmp_path: Path) -> None:
    run = fitted(tmp_path, replace(CONFIG, alternating_epochs=6, learning_rate=0.05))
    lines = [line for line in records(tmp_path) if line["phase"] == "alternating"]
    best = min(lines, key=lambda line: (line["validation_mae"], -line["epoch"]))
    assert run.best.epoch == best["epoch"]
    assert validate(run, StoredFeatures(HELD_OUT)).mae == best["validation_mae"]


def test_training_stops_when_patience_ends(tmp_path: Path) -> None:
    config = replace(CONFIG, alternating_epochs=60, learning_rate=0.2, patience=2)
    run = fitted(tmp_path, config)
    done = records(tmp_path)[-1]["epoch"]
    assert done == run.best.epoch + 2
    assert done < config.epochs - 1


def test_the_metric_after_every_epoch_can_be_had_again(tmp_path: Path) -> None:
    run = fitted(tmp_path)
    recorded = dict(recorded_metrics(tmp_path / "snapshots"))
    assert list(recorded) == [1, 2, 3, 4, 5]
    kept = recorded[run.best.epoch + 1].state_dict()
    for name, value in run.players.model.state_dict().items():
        assert torch.equal(kept[name], value)
    first, second = recorded[1].head.linear.weight, recorded[2].head.linear.weight
    assert not torch.equal(first, second)


@pytest.mark.parametrize("damage", ["", "no tensors", "shape"])
def test_damaged_snapshots_are_refused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    if damage == "no tensors":
        (folder / "epoch-0001.safetensors").write_bytes(b"no tensors")
    if damage == "shape":
        tensors = {"mean": torch.zeros(3)}
        save_file(tensors, folder / "epoch-0001.safetensors", {"shape": '{"features": 3}'})
    with pytest.raises(DataError, match="snapshots" if not damage else "damaged"):
        list(recorded_metrics(folder))


def test_a_run_without_a_generator_records_its_detectors_as_unknown(tmp_path: Path) -> None:
    fitted(tmp_path, replace(CONFIG, generator="none", generator_epochs=0))
    line = records(tmp_path)[-1]
    assert line["probe_copy_ratio"] is None
    assert line["probe_effective_rank"] > 1


def test_a_planted_collapse_raises_the_alarm() -> None:
    """Pulled together and never pushed apart, the embeddings end at one point."""
    config = replace(
        CONFIG, synthetic=0.0, real=0.0, pos_power=1, learning_rate=0.01, alternating_epochs=60
    )
    run = start_run(StoredFeatures(TRAIN), config)
    probe = Probe.draw(run.sampler, count=50)
    assert Alarm.EMBEDDING_POINT not in probe.report(probe.look(run)).alarms()
    while not run.finished:
        run.advance()
    assert Alarm.EMBEDDING_POINT in probe.report(probe.look(run)).alarms()


def test_a_margin_out_of_reach_is_refused_before_training() -> None:
    with pytest.raises(ConfigError, match="at an age gap of 39 years"):
        start_run(StoredFeatures(TRAIN), replace(CONFIG, tau=3.0))
    start_run(StoredFeatures(TRAIN), replace(CONFIG, tau=3.0, age_window=2))


def test_fewer_quadruplets_than_a_batch_are_refused() -> None:
    with pytest.raises(DataError, match=r"\d+ faces can be the anchor .* batch takes 1000"):
        start_run(StoredFeatures(TRAIN), replace(CONFIG, batch_size=1000))


@pytest.mark.parametrize(
    ("age", "words"), [(-1, "negative or above"), (121, "above 120"), (float("nan"), "missing")]
)
def test_impossible_ages_are_refused(age: float, words: str) -> None:
    ages = TRAIN.ages.copy()
    ages[3] = age
    with pytest.raises(DataError, match=words):
        start_run(StoredFeatures(replace(TRAIN, ages=ages)), CONFIG)


def test_a_single_age_is_refused() -> None:
    with pytest.raises(DataError, match="All 240 samples are 30 years old"):
        start_run(StoredFeatures(replace(TRAIN, ages=np.full(240, 30, np.float32))), CONFIG)


def test_features_that_are_not_finite_are_refused_with_their_place() -> None:
    features = TRAIN.features.clone()
    features[7, 1, 2] = float("nan")
    with pytest.raises(DataError, match="of 1 of 240 faces are not finite, first those of face 7"):
        FeatureSet(features, TRAIN.ages, TRAIN.units)


def test_batches_take_the_gap_of_each_side() -> None:
    run = start_run(StoredFeatures(TRAIN), CONFIG)
    rows = run.sampler.epoch(0)
    batch = run.batch()
    ages = run.sampler.ages
    gaps = ages[rows.older[:32]] - ages[rows.positive[:32]]
    expected = CONFIG.objective.similarity(gaps.astype(np.float64))
    np.testing.assert_allclose(batch.q.older.numpy(), expected, rtol=1e-5)
    assert batch.features.anchor.shape == (32, 12)
