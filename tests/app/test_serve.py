import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.serve import free_port, main
from app.theme import launch_options
from sadal_core.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


def test_without_a_model_one_sentence_is_printed_and_the_status_is_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "app.py", "--model", str(tmp_path / "nowhere")],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert str(tmp_path / "nowhere") in line
    assert "train a model" in line


def test_a_damaged_model_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "manifest.json").write_text("{")
    assert main(["--model", str(tmp_path)]) == 1
    assert "is damaged" in capsys.readouterr().err


def test_a_taken_port_gives_the_next_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) > port


@pytest.mark.parametrize(
    ("host", "port"), [("192.0.2.1", 7860), ("no host", 7860), ("127.0.0.1", 70000)]
)
def test_a_place_that_cannot_be_served_from_is_explained(host: str, port: int) -> None:
    with pytest.raises(ConfigError, match="--host and --port"):
        free_port(host, port)


def test_nothing_is_shared_recorded_or_fetched_from_elsewhere() -> None:
    options = launch_options()
    assert options["share"] is options["run_history"] is options["enable_monitoring"] is False
    assert "http" not in options["head"].replace("http://www.w3.org", "")
    assert all(css is None for css in (font.stylesheet()["url"] for font in options["theme"]._font))
