import subprocess
from pathlib import Path
from typing import Any

import pytest

from sadal_core.cli import provenance


def test_only_changes_of_the_package_mark_a_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "sadal_core" / "cli"
    package.mkdir(parents=True)
    (package / "provenance.py").write_text("code")
    (tmp_path / "result.json").write_text("1")

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    monkeypatch.setattr(provenance, "__file__", str(package / "provenance.py"))
    clean = provenance.revision()
    assert len(clean) == 40
    (tmp_path / "result.json").write_text("2")
    assert provenance.revision() == clean
    (package / "provenance.py").write_text("changed")
    assert provenance.revision() == f"{clean}-dirty"


def test_without_git_the_revision_is_unknown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*arguments: Any, **options: Any) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", missing)
    assert provenance.revision() == "unknown"
    assert "No git revision is known" in capsys.readouterr().err
