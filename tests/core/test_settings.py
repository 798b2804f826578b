from dataclasses import dataclass

import pytest

from sadal_core.errors import ConfigError
from sadal_core.settings import check_choice, check_ranges, overridden


@dataclass(frozen=True)
class Oven:
    degrees: float = 180.0
    shelf: int = 2
    timer: int | None = None
    mode: str = "fan"

    def __post_init__(self) -> None:
        check_ranges(self, {"degrees": (50, 250)})


def test_texts_are_read_as_the_annotated_type() -> None:
    oven = overridden(Oven(), ["degrees=200", "shelf=1", "timer=5", "mode=grill"])
    assert oven == Oven(200.0, 1, 5, "grill")
    assert overridden(oven, ["timer=none"]).timer is None
    assert overridden(oven, []) == oven


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("heat=3", "Unknown setting 'heat'. Known: degrees, shelf, timer, mode"),
        ("shelf=top", "shelf takes a int, got 'top'"),
        ("shelf=none", "shelf takes a int, got 'none'"),
        ("timer=soon", "timer takes a int, got 'soon'"),
        ("degrees=300", "degrees must be from 50 to 250, got 300.0"),
        ("degrees=nan", "degrees must be from 50 to 250, got nan"),
    ],
)
def test_a_bad_setting_is_refused_by_name(setting: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        overridden(Oven(), [setting])


def test_the_ends_of_a_range_are_allowed() -> None:
    check_ranges(Oven(50.0), {"degrees": (50, 250)})
    check_ranges(Oven(250.0), {"degrees": (50, 250)})


def test_an_unknown_choice_is_named_with_the_known_ones() -> None:
    check_choice("mode", "fan", ("fan", "grill"))
    with pytest.raises(ConfigError, match="Unknown mode 'steam'. Known: fan, grill"):
        check_choice("mode", "steam", ("fan", "grill"))
