import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.private import clear_abandoned, private_folder
from sadal_core.errors import ConfigError


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, "")  # so that what `private_folder` sets is undone


def test_uploads_are_private_and_gone_afterwards() -> None:
    with private_folder() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert os.environ["GRADIO_TEMP_DIR"] == str(folder)
        assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
        (folder / "face.jpg").write_bytes(b"x")
    assert not folder.exists()


def test_what_a_killed_page_left_is_cleared_by_the_next_one(tmp_path: Path) -> None:
    program = (
        "import os, pathlib; from app.private import private_folder\n"
        "with private_folder() as folder:\n"
        "    (folder / 'face.jpg').write_bytes(b'x'); print(folder); os._exit(9)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert killed.returncode == 9
    left = Path(killed.stdout.strip() or "nothing")
    assert left.name in os.listdir(tmp_path), killed.stderr
    living = tmp_path / f"sadal-{os.getpid()}-abc"
    others = [living, tmp_path / "sadal-notes", tmp_path / "else", tmp_path / f"sadal-{10**30}-a"]
    for folder in others:
        folder.mkdir()
    linked = tmp_path / left.name.replace("sadal-", "sadal-9")  # of no process
    linked.symlink_to(living)
    clear_abandoned(tmp_path)
    assert not left.exists()
    assert linked.is_symlink()
    assert all(folder.is_dir() for folder in others)


def test_without_a_place_for_temporary_files_one_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file" / "below"))
    with pytest.raises(ConfigError, match="Set TMPDIR to one that can be written"), \
            private_folder():  # fmt: skip
        pass
