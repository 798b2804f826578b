"""What makes no gallery is refused in one sentence, and nothing is written."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from sadal_core.kept import SEAL
from sadal_core.weights import load_model, save_model
from tests.lights import Error, Lights, metric_of


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--pictures", "k-same", "--k", "41"], "averages 41 different faces, and there are 40"),
        (["--pictures", "k-same", "--k", "29"], "averages at least 30 faces, got 29"),
        (["--mean", "8"], "has no picture of its own: add --pictures k-same"),
        (["--mean", "0", "--pictures", "k-same"], "at least 2 faces, got 0"),
        (["--count", "0"], "count of at least 1 face, got 0"),
        (["--count", "2"], "can be an anchor"),
        (["--set", "n_neighbors=1"], "n_neighbors must be from 2 to 200"),
        (["--set", "neighbours=5"], "Unknown setting 'neighbours'"),
        (["--run", "nowhere"], "nowhere holds no run of the metric stage"),
    ],
)
def test_what_makes_no_gallery_is_refused_in_words(
    made: Lights, options: list[str], words: str, tmp_path: Path, error: Error
) -> None:
    assert made.gallery(tmp_path / "out", *options) == 2
    assert words in error()
    assert not (tmp_path / "out").exists()


def test_a_model_without_metric_is_refused(made: Lights, tmp_path: Path, error: Error) -> None:
    assert made.gallery(tmp_path / "out", model=made.age_model) == 2
    assert "has no metric. Train one: python -m sadal_core train --stage metric" in error()
    assert not (tmp_path / "out").exists()


def test_a_side_of_an_unknown_split_is_refused(made: Lights, tmp_path: Path, error: Error) -> None:
    model = Path(shutil.copytree(made.model, tmp_path / "model"))
    known = json.loads((model / "manifest.json").read_text())
    del known["split"], known[SEAL]
    (model / "manifest.json").write_text(json.dumps(known))
    assert made.gallery(tmp_path / "out", "--side", "held-out", model=model) == 2
    assert "no entry 'split'" in error()
    assert not (tmp_path / "out").exists()
    assert made.gallery(tmp_path / "out", model=model) == 0  # all faces need no split


@pytest.mark.parametrize("kind", ["another run", "the age stage", "one that was cut short"])
def test_a_run_that_did_not_make_the_model_is_refused(
    made: Lights, kind: str, tmp_path: Path, error: Error
) -> None:
    run, words = made.age_model.parent, "holds no run of the metric stage"
    shape = json.dumps(metric_of(made.model).shape())
    if kind != "the age stage":
        run, words = tmp_path / "run", "is not one of those recorded in"
        shutil.copytree(made.run / "snapshots", run / "snapshots")
        shutil.copy(made.run / "config.json", run)
    for path in sorted((run / "snapshots").glob("*")):
        if kind == "another run":
            tensors = load_file(path)
            tensors["head.linear.bias"] += 1e-6
            save_file(tensors, path, {"shape": shape})
        elif path.name > "epoch-0002.safetensors":
            path.unlink()
    assert made.gallery(tmp_path / "out", "--run", str(run)) == 2
    assert words in error()
    assert not (tmp_path / "out").exists()


def test_a_repetition_with_other_settings_is_refused(
    made: Lights, tmp_path: Path, error: Error
) -> None:
    run = tmp_path / "run"
    shutil.copytree(made.run / "snapshots", run / "snapshots")
    known = json.loads((made.run / "config.json").read_text())
    known["config"]["tau"] *= 0.5
    (run / "config.json").write_text(json.dumps(known))
    assert made.gallery(tmp_path / "out", "--repetition", str(run)) == 2
    assert "with other settings than the model's" in error()
    assert not (tmp_path / "out").exists()


def test_a_metric_without_generator_is_refused(made: Lights, tmp_path: Path, error: Error) -> None:
    model, known = load_model(made.model)
    assert model.metric is not None
    model.metric.generator = None
    save_model(model, tmp_path / "model", known)
    assert made.gallery(tmp_path / "out", model=tmp_path / "model") == 2
    assert "has no generator" in error()
    assert not (tmp_path / "out").exists()
