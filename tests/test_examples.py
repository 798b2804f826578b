"""The examples do what they say."""

import ast
from pathlib import Path

import pytest

from examples import ask_page, pml_training
from sadal_core.bundled import ASSETS
from tests.served import served

ROOT = Path(__file__).resolve().parent.parent
PICTURE = str(ASSETS / "examples" / "astronaut.jpg")


# Gradio 6.31 counts its requests in ways that pandas 3 is giving up.
@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_a_program_is_answered_by_the_named_endpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    with served(36, 9) as (url, _):
        assert ask_page.main([PICTURE, "--url", url]) == 0
        told = capsys.readouterr().out.splitlines()
        assert [line.partition(" years")[0] for line in told] == [f"{PICTURE}: 36", f"{PICTURE}: 9"]
        assert ask_page.main([str(bad), str(tmp_path / "none.jpg"), PICTURE, "--url", url]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2  # the good one is answered all the same
    first, second = err.splitlines()
    assert "bad.jpg is not a picture that can be read" in first
    assert "none.jpg" in second


def test_where_no_page_answers_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask_page.main([PICTURE, "--url", "http://127.0.0.1:9"]) == 1
    assert capsys.readouterr().err == (
        "No page answers at http://127.0.0.1:9. Start it: python app.py.\n"
    )


def test_asking_needs_nothing_of_the_project() -> None:
    tree = ast.parse(Path(ask_page.__file__).read_text("utf-8"))
    roots = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {str(name).partition(".")[0] for name in roots} & {"app", "sadal_core"}


# pytorch-metric-learning 2.9 shows the loss in its progress bar without detaching it.
@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_the_loss_orders_held_out_faces_in_an_unmodified_loop() -> None:
    before, after = pml_training.main(epochs=3)
    assert before < 0.8
    assert after > before + 0.03
    untrained, _ = pml_training.main(epochs=0)
    assert untrained == before
