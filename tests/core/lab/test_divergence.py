"""Settings that make no sense but are allowed, as from a link: a lab stops, and says so."""

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sadal_core.errors import LabError
from sadal_core.lab.faces import toy
from sadal_core.lab.lab import Lab
from sadal_core.lab.picture import picture
from sadal_core.lab.presets import preset
from sadal_core.training.metric.run import Turn

ABSURD: dict[str, dict[str, Any]] = {
    "a generator that leaps": {"generator_rate": 10.0, "hard": 1e6, "reg": 1e6, "adversarial": 1e6},
    "a metric that leaps": {"learning_rate": 10.0, "synthetic": 1e6, "real": 1e6, "positive": 1e6},
    "both leap": {"generator_rate": 10.0, "learning_rate": 10.0, "grad": "joint", "hard": 1e6},
    "weights that decay beyond 0": {"learning_rate": 10.0, "weight_decay": 10.0},
    "the same without a generator": {
        "learning_rate": 10.0, "weight_decay": 10.0, "generator": "none",
    },
    "a margin without end": {"adv": "daml", "alpha": -1e38},
}  # fmt: skip


def until_it_stops(lab: Lab, most: int = 60) -> str:
    with pytest.raises(LabError) as caught:  # noqa: PT012
        for _ in range(most):
            lab.take()
    return str(caught.value)


@pytest.mark.parametrize("settings", ABSURD.values(), ids=list(ABSURD))
def test_a_training_that_diverges_stops_for_good(settings: dict[str, Any]) -> None:
    lab = Lab(toy(), replace(preset("corrected", "toy"), **settings))
    said = until_it_stops(lab)
    taken = len(lab.turns)
    match = re.fullmatch(
        r"The training has diverged at turn (\d+): the (loss|weights) of the (generator|metric) "
        r"(is \S+|are no longer finite)\. Take a smaller (generator_rate|learning_rate) than "
        r"\S+ or smaller weights, and start over\.",
        said,
    )
    assert match
    assert int(match[1]) == taken + 1
    records = json.dumps(lab.records, allow_nan=False)
    for turn in Turn:
        with pytest.raises(LabError) as again:
            lab.take(turn)
        assert str(again.value) == said
    assert (len(lab.turns), json.dumps(lab.records)) == (taken, records)


@pytest.mark.parametrize("settings", ABSURD.values(), ids=list(ABSURD))
def test_what_is_looked_at_after_that_is_the_moment_before(settings: dict[str, Any]) -> None:
    config = replace(preset("corrected", "toy"), dim=3, **settings)
    lab = Lab(toy(), config)
    until_it_stops(lab)
    before = Lab(toy(), config)
    before.replay(lab.turns)
    for shown, expected in zip(
        vars(picture(lab)).values(), vars(picture(before)).values(), strict=True
    ):
        assert np.isfinite(shown).all()
        np.testing.assert_array_equal(shown, expected)


def test_figures_that_have_no_value_are_unknown() -> None:
    """Weights so large that the length of an embedding overflows: all lie at one point."""
    settings = ABSURD["weights that decay beyond 0"]
    lab = Lab(toy(), replace(preset("corrected", "toy"), **settings))
    for _ in range(19):
        lab.take(Turn.METRIC)
    last = lab.records[-1]
    assert last["probe_total_variance"] == 0
    assert last["probe_order_correlation"] is last["validation_order_correlation"] is None
    assert "All embeddings lie nearly at one point." in last["alarms"]
    json.dumps(lab.records, allow_nan=False)
