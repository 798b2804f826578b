"""Who follows a recipe of the documentation gets what it promises."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from app.lessons import load_lessons
from app.link import read_link
from app.main import VIEWS
from sadal_core.data.readers import READERS, read_samples
from sadal_core.data.samples import open_source
from tests.docs.blocks import ROOT, recipe
from tests.fakes import services_for
from tests.page import Page, notes

CONTRACTS = ("test_backbones.py", "rankers/test_rankers.py", "methods/test_contract.py")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What a recipe adds is there for its test only."""
    kept = [(known, dict(known)) for known in (READERS, VIEWS)]
    yield
    for known, before in kept:
        known.clear()
        known.update(before)  # type: ignore[arg-type]


def test_backbone_ranker_and_method_hold_their_contracts() -> None:
    files = [f"tests/core/{name}" for name in CONTRACTS]
    command = [sys.executable, "-m", "pytest", "-p", "tests.docs.contracts", "-v", "--no-header"]
    run = subprocess.run(
        [*command, "-p", "no:cacheprovider", *files], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]
    passed = [line for line in run.stdout.splitlines() if " PASSED" in line]
    for file, entry in zip(files, ("small", "ridge", "ridge"), strict=True):
        held = [line for line in passed if line.startswith(file) and entry in line]
        assert len(held) >= 5, file


def test_the_reader_is_found_by_the_names_of_the_files(tmp_path: Path) -> None:
    for name in ("person01-age30.jpg", "person01-age41.JPG", "person2-age7.jpeg", "notes.jpg"):
        (tmp_path / name).write_bytes(b"never opened")
    exec(recipe("A reader of a data set"), {})
    name, samples = read_samples(open_source(tmp_path))
    assert name == "ours"
    assert [(s.age, s.subject) for s in samples] == [(30, "01"), (41, "01"), (7, "2")]


def test_the_lesson_is_read_and_its_link_leads_to_what_it_asks_about(tmp_path: Path) -> None:
    (tmp_path / "1-what-is-a-metric.toml").write_text(recipe("A lesson", "toml"), "utf-8")
    lessons, wrong = load_lessons(tmp_path)
    assert wrong == []
    first, second = lessons["what-is-a-metric"].steps
    link, unread = read_link(first.link, VIEWS)
    assert (unread, link.view, link.lock) == ([], "q", ("variant",))
    assert first.question is not None
    assert second.question is not None
    from sadal_core.similarity import Similarity

    q = Similarity(link.texts["variant"], L=float(link.texts["L"]))
    assert q(first.question.answer) == pytest.approx(1, abs=0.01)
    assert second.question.choices[int(second.question.answer) - 1] == "The generator"


def test_the_view_is_on_the_page_says_its_words_and_answers_to_links() -> None:
    exec(recipe("A view"), {})
    page = Page(services_for([]))
    tabs = [b.label for b in page.demo.blocks.values() if isinstance(b, gr.Tab)]
    assert "Age gap" in tabs
    opened = page.opened("view=gap&gap=12")
    assert (opened["sadal-views"], opened["sadal-gap"], notes(opened)) == ("gap", 12, [])
    assert notes(page.opened("view=gap&gap=90")) != []
    words, state = page.handlers["tell"][0](12)
    assert "12 years apart have Q = 1.76" in words
    assert state == {"view": "gap", "texts": {"gap": "12"}}
    assert not exposed(page)


def exposed(page: Page) -> list[Any]:
    """Handlers that programs could call, besides the documented endpoint."""
    public = [f for f in page.demo.fns.values() if f.api_visibility == "public"]
    return [f for f in public if f.api_name != "estimate"]
