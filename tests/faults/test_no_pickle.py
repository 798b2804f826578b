"""Nothing that is read from a file is ever executed."""

import ast
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sadal_core.backbones.mobilefacenet import load_face_weights
from sadal_core.errors import SadalError
from sadal_core.gallery.stored import load_gallery
from sadal_core.kept import kept_array, read_arrays
from sadal_core.model import AgeModel
from sadal_core.training.checkpoint import load_checkpoint
from tests.faults.commands import ROOT
from tests.planted_gallery import stored_gallery

SOURCES = [ROOT / "app.py", *(ROOT / "app").rglob("*.py"), *(ROOT / "sadal_core").rglob("*.py")]
ASKED = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False),
         "np.lib.format.read_array": ("allow_pickle", False)}  # fmt: skip
NEVER = {"eval", "exec", "pickle.load", "pickle.loads", "pd.read_pickle", "joblib.load",
         "yaml.load", "marshal.load", "marshal.loads", "shelve.open"}  # fmt: skip


def calls() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Place, name and constant options of every call in the sources."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                options = {
                    word.arg: word.value.value
                    for word in node.keywords
                    if word.arg and isinstance(word.value, ast.Constant)
                }
                yield f"{path}:{node.lineno}", ast.unparse(node.func), options


def test_what_could_execute_a_file_is_told_not_to() -> None:
    found = list(calls())
    assert len(found) > 1000
    for place, name, options in found:
        assert name not in NEVER, place
        if name in ASKED:
            option, value = ASKED[name]
            assert options.get(option) is value, place
    assert {name for _, name, _ in found} >= {"torch.load", "np.lib.format.read_array"}


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


class Run:
    """A run that must not get any state."""

    step = 0

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        raise AssertionError


def test_a_bomb_in_any_file_does_not_go_off(tmp_path: Path) -> None:
    mark = tmp_path / "gone off"
    bomb = Bomb(mark)
    held = np.array([bomb], dtype=object)

    np.savez(tmp_path / "arrays.npz", key=np.array("key"), array=held)
    with pytest.raises(SadalError, match=r"arrays\.npz is damaged"):
        read_arrays(tmp_path / "arrays.npz", "")
    assert kept_array(tmp_path / "arrays.npz", "key", lambda: np.zeros(2)).tolist() == [0, 0]

    for file in ("state.pt", "face.pt"):
        torch.save({"config": bomb, "state": bomb}, tmp_path / file)
    with pytest.raises(SadalError, match=r"state\.pt is damaged"):
        load_checkpoint(tmp_path, bomb, Run())
    with pytest.raises(SadalError, match=r"face\.pt"):
        load_face_weights(AgeModel("mobilefacenet").backbone, tmp_path / "face.pt")

    stored_gallery(tmp_path / "gallery", 20)
    np.savez(tmp_path / "gallery" / "gallery.npz", ids=held)
    with pytest.raises(SadalError, match=r"gallery\.npz"):
        load_gallery(tmp_path / "gallery")

    assert not mark.exists()
    pickle.loads(pickle.dumps(bomb))
    assert mark.exists()  # it would have
