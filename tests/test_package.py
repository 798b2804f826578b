"""The package: one place for each version and requirement, and a wheel that stands alone."""

import csv
import io
import re
import shutil
import signal
import subprocess
import time
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from packaging.requirements import Requirement

from sadal_core import __version__
from sadal_core.bundled import ASSETS, MODEL_CARD, REPAIR, RESULTS
from sadal_core.cli import main
from tests.installing import ROOT, built, environment, watched

PICTURE = ASSETS / "examples" / "astronaut.jpg"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FILES = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["requirements_txt"]
LISTS = sorted(
    {*ROOT.glob("requirements*.txt"), *ROOT.glob("requirements/*.txt")}
    - {ROOT / "requirements-docs.txt"}  # names others only, for `make docs`
)


def requirements(path: Path) -> list[Requirement]:
    lines = (line.partition(" #")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line and line[0] not in "#-"]


def test_no_package_is_asked_for_in_two_lists_and_every_one_is_bounded() -> None:
    asked = [(one.name.lower(), path.name) for path in LISTS for one in requirements(path)]
    names = [name for name, _ in asked]
    assert [pair for pair in asked if names.count(pair[0]) > 1] == []
    for path in LISTS:
        for one in requirements(path):
            operators = {part.operator for part in one.specifier}
            assert operators & {"<", "=="}, f"{path.name}: {one}"
    assert {"train", "ray", "onnx", "docs", "dev", "mcp"} == set(FILES["optional-dependencies"])


def test_what_is_said_of_a_missing_extra_is_what_its_list_asks_for() -> None:
    asked = {one.name: one.specifier for path in LISTS for one in requirements(path)}
    code = [path.read_text("utf-8") for part in ("app", "sadal_core")
            for path in (ROOT / part).rglob("*.py")]  # fmt: skip
    told = [pair for text in code for pair in re.findall(r"pip install '([\w-]+)(<[\d.]+)'", text)]
    assert {name for name, _ in told} >= {"mcp", "onnx"}
    for name, bound in told:
        assert bound in {str(part) for part in asked[name]}


def test_the_extra_dev_is_what_make_sets_up() -> None:
    text = (ROOT / "requirements-dev.txt").read_text("utf-8")
    named = re.findall(r"^-r (\S+)$", text, re.MULTILINE)
    asked = [*FILES["files"], *FILES["optional-dependencies"]["dev"]]
    assert [*named, "requirements-dev.txt"] == asked
    assert {path.relative_to(ROOT).as_posix() for path in LISTS} == set(asked)


def test_the_tools_that_build_are_those_of_the_environment() -> None:
    wanted = {Requirement(one).name: one for one in PROJECT["build-system"]["requires"]}
    here = {one.name: str(one) for one in requirements(ROOT / "requirements-dev.txt")}
    for name, one in wanted.items():
        assert str(Requirement(one)) == here[name]


def test_a_checkout_has_what_is_bundled_and_a_command_that_tells_the_version(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ASSETS == ROOT / "assets"
    assert RESULTS.is_dir()
    assert MODEL_CARD.is_file()
    assert REPAIR == "Check out the assets folder again"
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"sadal {__version__}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+([-+].+)?", __version__)  # semver.org


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    before = set(ROOT.iterdir())
    made = built(tmp_path_factory.mktemp("dist"))
    assert {path.name for path in set(ROOT.iterdir()) - before} <= {".pytest_cache", ".hypothesis"}
    return made


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("environment")
    yield environment(folder, wheel)
    shutil.rmtree(folder)  # several GB, which pytest would keep for three runs


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with a picture, and with an `app.py` of somebody else."""
    shutil.copy(PICTURE, tmp_path / "me.jpg")
    (tmp_path / "app.py").write_text("raise SystemExit('the wrong app')\n")
    return tmp_path


@pytest.mark.slow
def test_a_wheel_holds_the_code_and_what_it_shows_and_no_package_called_app(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {
        "sadal_core", "sadal_demo", f"sadal-{__version__}.dist-info"
    }  # fmt: skip
    bundled = {name.removeprefix("sadal_core/bundled/") for name in names if "/bundled/" in name}
    tracked = subprocess.run(
        ["git", "ls-files", "assets", "results"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    shown = {name for name in tracked if not name.startswith("assets/screenshots/")}
    assert bundled >= {*shown, "MODEL_CARD.md"}
    assert "sadal_core/py.typed" in names
    assert not [name for name in names if "test" in Path(name).name or name.endswith(".pyi")]


@pytest.mark.slow
def test_the_installed_command_estimates_as_the_checkout_does(
    programs: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = subprocess.run(
        [programs / "sadal", "estimate", "me.jpg"], cwd=elsewhere,
        env=watched(elsewhere / "home"), capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert main(["estimate", str(elsewhere / "me.jpg")]) == 0
    (ours,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    (theirs,) = csv.DictReader(io.StringIO(done.stdout))
    assert ours | {"file": "me.jpg"} == theirs


@pytest.mark.slow
def test_the_installed_page_is_served_and_estimates(programs: Path, elsewhere: Path) -> None:
    log = elsewhere / "log.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            [programs / "sadal-demo", "--port", "7640"], cwd=elsewhere,
            env=watched(elsewhere / "home"), stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        url = served(log, process)
        assert httpx.get(url).status_code == 200
        settings = httpx.get(f"{url}config").json()
        assert (ASSETS / "style.css").read_text("utf-8") in settings["head"]
        assert "What a metric is" in str(settings)  # a lesson
        assert "MobileFaceNet" in str(settings)  # the model card
        answer = Client(url, verbose=False).predict(handle_file(PICTURE), api_name="/estimate")
        assert 20 < answer["faces"][0]["age"] < 60
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(timeout=60)
    said = log.read_text()
    assert status == 0, said
    assert "Stopped; nothing that was uploaded is left." in said
    assert "Traceback" not in said


def served(log: Path, process: subprocess.Popen[bytes]) -> str:
    """The page's address, once it is told that the model is there."""
    end = time.monotonic() + 300
    while "The model is loaded." not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.2)
    return re.findall(r"The page is at (\S+)", log.read_text())[0]


@pytest.mark.slow
def test_an_extra_that_is_not_installed_is_one_sentence(programs: Path, elsewhere: Path) -> None:
    done = subprocess.run(
        [programs / "sadal-demo", "--mcp"], cwd=elsewhere, env=watched(elsewhere / "home"),
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "--mcp needs the package mcp, below version 2: pip install 'mcp<2'.\n"
