import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

Run = Callable[..., int]
Said = pytest.CaptureFixture[str]


def test_without_ray_it_is_one_sentence_before_any_work(
    run: Run, pictures: Path, tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert run("embed", pictures, "--out", tmp_path / "out", "--ray") == 2
    said = capsys.readouterr().err
    assert said.endswith("--ray needs the package ray: pip install 'sadal[ray]'.\n")
    assert not (tmp_path / "out").exists()


def test_a_cluster_that_does_not_answer_is_one_sentence(
    run: Run, pictures: Path, tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray itself asks for minutes, so its refusal is planted."""

    def refuse(**options: object) -> None:
        assert options["address"] == "10.0.0.1:6379"
        assert "num_cpus" not in options  # which Ray takes only where it starts one
        raise ConnectionError("no answer")

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=refuse, exceptions=None))
    monkeypatch.setitem(sys.modules, "ray.exceptions", SimpleNamespace())
    options = ("--out", tmp_path / "out", "--ray", "10.0.0.1:6379", "--workers", "2")
    assert run("embed", pictures, *options) == 2
    said = capsys.readouterr().err
    assert "No Ray answers at '10.0.0.1:6379' (no answer). Start one with `ray start" in said
    assert "Traceback" not in said


def test_rays_own_report_of_its_use_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from sadal_core.collection.on_ray import on_ray

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(exceptions=None))
    monkeypatch.setitem(sys.modules, "ray.exceptions", SimpleNamespace())
    on_ray("local", 1)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
