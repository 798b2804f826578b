"""What the README shows is run, so that a newcomer's first lines work."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)


def test_the_first_example_estimates_the_age_of_the_astronaut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(EXAMPLES[0], {})
    printed = capsys.readouterr().out
    match = re.fullmatch(r"(\d+) years, 80 % between (\d+) and (\d+)\n", printed)
    assert match
    age, low, high = map(int, match.groups())
    assert 20 < low <= age <= high < 60


def test_the_second_example_computes_a_loss(capsys: pytest.CaptureFixture[str]) -> None:
    exec(EXAMPLES[1], {})
    assert float(capsys.readouterr().out) > 0


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert len(links) > 3
    assert [link for link in links if not (ROOT / link).exists()] == []
