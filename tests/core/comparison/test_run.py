import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sadal_core.comparison.protocols import Fold
from sadal_core.comparison.run import Comparison
from sadal_core.data.splits import Split
from sadal_core.methods import METHODS
from tests.core.comparison.planted import Shifted, planted_comparison_faces, shifted_method

FACES = planted_comparison_faces()
FOLDS = [Fold(f"unit {unit}", Split(FACES.units != unit, FACES.units == unit)) for unit in (0, 1)]


@pytest.fixture(autouse=True)
def planted_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "shifted", shifted_method(40, 0, 60))
    Shifted.fits.clear()


def compared(folder: Path, seeds: tuple[int, ...] = (1,), **about: Any) -> Any:
    told: list[int] = []
    comparison = Comparison(FACES, None, FOLDS, list(seeds), about, folder)
    results = comparison.run(["shifted"], workers=1, progress=lambda: told.append(1))
    assert len(told) == 2
    return results["shifted"]


def test_finished_folds_are_kept_and_not_done_again(tmp_path: Path) -> None:
    first = compared(tmp_path)
    fits = len(Shifted.fits)
    again = compared(tmp_path)
    assert len(Shifted.fits) == fits
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.ages, other.ages)
        np.testing.assert_array_equal(one.scores, other.scores)
        assert one.chosen == other.chosen == 1


def test_a_stopped_run_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    compared(tmp_path)
    (tmp_path / "shifted" / "001.json").unlink()
    (tmp_path / "shifted" / "000.json").write_text('{"key": ')  # half written by something else
    Shifted.fits.clear()
    compared(tmp_path)
    assert len(Shifted.fits) == 6
    json.loads((tmp_path / "shifted" / "000.json").read_text())


@pytest.mark.parametrize("change", [{"seeds": (1, 2)}, {"model": "another"}])
def test_folds_of_another_comparison_are_not_taken(tmp_path: Path, change: Any) -> None:
    compared(tmp_path)
    Shifted.fits.clear()
    compared(tmp_path, **change)
    assert Shifted.fits


def test_other_candidates_are_another_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared(tmp_path)
    Shifted.fits.clear()
    monkeypatch.setitem(METHODS, "shifted", shifted_method(40, 1, 60))
    compared(tmp_path)
    assert Shifted.fits
