"""What the texts tell to type does what they say: commands are known, examples run."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from app import serve
from sadal_core import cli
from tests.docs.blocks import PAGES, ROOT, TEXTS, blocks

# Run by test_recipes.py and, on a collection, by tests/core/collection/test_embed.py.
_RUN_ELSEWHERE = [ROOT / "docs" / name for name in ("extending.md", "collections.md")]
_WITH_CODE = [
    page for page in PAGES if page not in _RUN_ELSEWHERE and "```python" in page.read_text("utf-8")
]


def commands(text: str) -> list[str]:
    """The lines of the blocks that are typed into a shell."""
    typed = [
        block.text for block in blocks(text) if block.language in ("", "bash", "sh", "console")
    ]
    lines = "\n".join(typed).replace("\\\n", " ").splitlines()
    return [line.strip().removeprefix("$ ") for line in lines if line.strip()]


@pytest.mark.parametrize("page", _WITH_CODE, ids=lambda page: page.name)
def test_the_examples_of_a_page_run_and_print_what_it_says(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for block in blocks(page.read_text("utf-8")):
        if block.language != "python":
            continue
        exec(block.text, names)
        printed = capsys.readouterr().out
        assert printed
        if block.output is not None:
            assert printed == block.output


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_every_command_and_option_of_a_text_exists(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[argparse.Namespace] = []
    for module in cli._COMMANDS.values():
        monkeypatch.setattr(module, "run", lambda options: asked.append(options) or 0)
    monkeypatch.setattr(cli, "_check_out", lambda options: None)
    lines = commands(page.read_text("utf-8"))
    for line in lines:
        _, typed, rest = line.partition("-m sadal_core ")
        if typed:
            assert cli.main(shlex.split(rest, comments=True)) == 0, line
        if "app.py" in line:
            typed = line.partition("app.py")[2]
            serve._parser("python app.py").parse_args(shlex.split(typed, comments=True))
        if line.startswith("make "):
            assert f"\n{line.split()[1]}:" in (ROOT / "Makefile").read_text("utf-8"), line
        for script in re.findall(r"(?:scripts|benchmarks|examples)/\w+\.(?:py|sh)", line):
            assert (ROOT / script).is_file(), line
    assert len(asked) == sum("-m sadal_core " in line for line in lines)


def test_commands_are_found_in_the_texts() -> None:
    for name in ("README.md", "docs/index.md", "docs/data.md", "docs/mathematics.md"):
        assert len(commands((ROOT / name).read_text("utf-8"))) > 0, name


def test_a_command_in_the_middle_of_a_sentence_exists() -> None:
    named = [
        (page.name, name) for page in TEXTS
        for name in re.findall(r"`python -m sadal_core ([a-z_]+)", page.read_text("utf-8"))
    ]  # fmt: skip
    assert [one for one in named if one[1] not in cli._COMMANDS] == []
    assert len(named) > 3
