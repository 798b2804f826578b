import pytest

from sadal_core.errors import ConfigError
from sadal_core.settings import overridden
from sadal_core.training.metric.config import MetricConfig, Phase


def test_the_phases_follow_each_other() -> None:
    config = MetricConfig(metric_epochs=2, generator_epochs=1, alternating_epochs=2)
    assert [config.phase(epoch) for epoch in range(config.epochs)] == [
        Phase.METRIC, Phase.METRIC, Phase.GENERATOR, Phase.ALTERNATING, Phase.ALTERNATING,
    ]  # fmt: skip


def test_the_objective_has_the_settings_of_the_config() -> None:
    settings = ["variant=wing_norm", "tau=0.3", "q_on=distance", "adv=daml", "real=2", "C=none"]
    objective = overridden(MetricConfig(), settings).objective
    assert (objective.similarity.variant, objective.similarity.C) == ("wing_norm", None)
    assert (objective.tau, objective.q_on, objective.adv, objective.real) == (
        0.3, "distance", "daml", 2.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("variant=wing", "Unknown similarity 'wing'"),
        ("adv=gan", "Unknown adv 'gan'"),
        ("q_on=both", "Unknown q_on 'both'"),
        ("generator=cnn", "Unknown generator 'cnn'. Known: none, mlp, linear, midpoint"),
        ("grad=none", "Unknown grad 'none'. Known: separate, joint"),
        ("backbone=open", "Unknown backbone 'open'. Known: frozen, tuned"),
        ("tau=0", "tau must be a finite squared distance above 0"),
        ("L=0.5", "L must be a gap of at least 1 year"),
        ("eps=-1", "eps must be above 0 years"),
        ("real=-1", "real must be from 0"),
        ("batch_size=0", "batch_size must be from 1"),
        ("age_window=0", "age_window must be at least 1 year or none"),
        ("learning_rate=nan", "learning_rate must be from"),
        ("seed=-1", "seed must be from 0"),
        ("temperature=1", "Unknown setting 'temperature'"),
        ("generator=none", "generator_epochs must be 0 where generator is none"),
    ],
)
def test_a_bad_setting_is_refused_by_name(setting: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        overridden(MetricConfig(), [setting])


def test_a_stage_without_epochs_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one epoch"):
        MetricConfig(metric_epochs=0, generator_epochs=0, alternating_epochs=0)
