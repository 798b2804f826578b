import pytest

from sadal_core.errors import ConfigError
from sadal_core.settings import overridden
from sadal_core.training.config import TrainConfig


def test_settings_are_read_as_the_type_they_have() -> None:
    config = overridden(
        TrainConfig(),
        ["epochs=3", "learning_rate=0.01", "backbone=resnet18-half", "precision=float32"],
    )
    assert (config.epochs, config.learning_rate) == (3, 0.01)
    assert (config.backbone, config.precision) == ("resnet18-half", "float32")
    assert overridden(TrainConfig(), []) == TrainConfig()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("epoch=3", "Unknown setting 'epoch'"),
        ("epochs=three", "epochs takes a int, got 'three'"),
        ("epochs", "epochs takes a int, got ''"),
        ("epochs=0", "epochs must be from 1"),
        ("batch_size=1", "batch_size must be from 2"),
        ("learning_rate=-1", "learning_rate must be from"),
        ("learning_rate=nan", "learning_rate must be from"),
        ("age_balance=1.5", "age_balance must be from 0 to 1"),
        ("backbone=vgg", "Unknown backbone 'vgg'. Known: mobilefacenet"),
        ("precision=half", "Unknown precision 'half'. Known: auto, float32, bfloat16"),
        ("full_epochs=99", "full_epochs must not exceed epochs"),
    ],
)
def test_a_bad_setting_is_refused_by_name(setting: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace(".", r"\.")):
        overridden(TrainConfig(), [setting])
