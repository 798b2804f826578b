"""The recipes for hosts say what the rest of the project says."""

import json
import re
import shlex
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from app.serve import FIRST_PORT, _parser
from scripts.check_install import DEBIAN

ROOT = Path(__file__).resolve().parent.parent
SPACE = ROOT / "deploy" / "huggingface"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RECIPE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
STEPS = [line.split(" ", 1) for line in RECIPE.splitlines() if line and line[0] != "#"]
# https://huggingface.co/docs/hub/spaces-config-reference
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
KEYS = {
    "title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file",
    "license", "short_description", "disable_embedding",
}  # fmt: skip


def steps(name: str) -> list[str]:
    return [rest for step, rest in STEPS if step == name]


def header() -> dict[str, Any]:
    _, head, _ = (SPACE / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(head)


def test_everything_that_the_container_copies_is_here_and_not_ignored() -> None:
    copied = [name for step in steps("COPY") for name in step.split()[:-1]]
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert set(copied) == kept


def test_the_container_has_all_that_the_package_is_made_of() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]
    wheel = config["build"]["targets"]["wheel"]
    lists = config["metadata"]["hooks"]["requirements_txt"]
    needed = {*wheel["only-include"], *wheel["force-include"], *lists["files"], "pyproject.toml",
              PROJECT["readme"], *PROJECT["license-files"]}  # fmt: skip
    needed |= {name for names in lists["optional-dependencies"].values() for name in names}
    copied = {name for step in steps("COPY") for name in step.split()[:-1]}
    assert {name for name in needed if copied.isdisjoint({name, name.partition("/")[0]})} == set()


def test_the_container_runs_a_command_that_there_is_and_is_asked_where_it_listens() -> None:
    (command,) = steps("CMD")
    program, *arguments = json.loads(command)
    assert program in PROJECT["scripts"]
    options = _parser(program).parse_args(arguments)
    assert (options.host, options.port) == ("0.0.0.0", FIRST_PORT)
    assert steps("EXPOSE") == [str(FIRST_PORT)]
    assert f"127.0.0.1:{FIRST_PORT}/config" in steps("HEALTHCHECK")[0]
    assert steps("USER") == ["sadal"]  # not root


def test_python_and_system_libraries_are_those_of_the_project() -> None:
    (image,) = steps("FROM")
    found = re.fullmatch(r"python:([\d.]+)-slim-\w+", image)
    assert found
    pythons = SpecifierSet(PROJECT["requires-python"])
    assert found[1] in pythons
    assert header()["python_version"] in pythons
    installed = set(re.findall(r"\blib\S+", steps("RUN")[0])) - {"lib/apt/lists/*"}
    packages = (SPACE / "packages.txt").read_text().split()
    assert {name for name in installed if "/" not in name} == set(packages) == set(DEBIAN.values())


def test_the_container_takes_torch_alone_from_where_it_has_no_cuda() -> None:
    run = next(step for step in steps("RUN") if "sed" in step)
    sed = run.partition(" > ")[0].replace("/tmp/sadal/", "")
    found = subprocess.run(shlex.split(sed), cwd=ROOT, capture_output=True, text=True, check=True)
    assert [Requirement(line).name for line in found.stdout.split()] == ["torch", "torchvision"]


def test_the_space_has_the_version_of_gradio_that_is_required() -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    (wanted,) = [Requirement(line) for line in lines if re.match(r"gradio\b", line)]
    head = header()
    assert head["sdk"] == "gradio"
    assert head["sdk_version"] in wanted.specifier
    assert head["sdk_version"] == version("gradio")


def test_the_head_of_the_space_holds_what_hugging_face_knows() -> None:
    head = header()
    assert set(head) == KEYS
    assert {head["colorFrom"], head["colorTo"]} <= COLOURS
    assert len(head["short_description"]) <= 60
    assert isinstance(head["python_version"], str)  # 3.10 would be read as 3.1
    assert head["license"] == PROJECT["license"].lower()
    assert head["title"] == "SADAL"


def test_the_commands_of_the_space_make_one(tmp_path: Path) -> None:
    text = (SPACE / "README.md").read_text("utf-8")
    (commands,) = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    subprocess.run(
        ["bash", "-ec", f"set -o pipefail\n{commands}"], cwd=ROOT, env={"SPACE": str(tmp_path)},
        check=True,
    )  # fmt: skip
    assert (tmp_path / header()["app_file"]).is_file()
    assert (tmp_path / "README.md").read_text("utf-8") == text
    for name in ("requirements.txt", "packages.txt", "assets/model/manifest.json", "SECURITY.md"):
        assert (tmp_path / name).is_file()


def test_a_host_can_say_where_the_page_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, host in (("0.0.0.0", "0.0.0.0"), ("", "127.0.0.1"), (None, "127.0.0.1")):
        monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
        if given is not None:
            monkeypatch.setenv("GRADIO_SERVER_NAME", given)
        assert _parser("").parse_args([]).host == host
