"""What turns texts and docstrings into pages."""

from pathlib import Path

import pytest

from sadal_core import cli
from scripts.manual.docstrings import as_markdown
from scripts.manual.figures import drawn
from scripts.manual.formulas import as_mathml
from scripts.manual.outlines import commands, layers
from scripts.manual.pages import linked
from tests.docs.blocks import ROOT

KNOWN = ("index.md", "data.md", "mathematics.md", "experiments.md", "reference/data.md",
         "RESULTS.md", "assets/screenshots/estimate-light.png")  # fmt: skip


@pytest.mark.parametrize(
    ("page", "text", "expected"),
    [
        ("mathematics.md", "[r](../RESULTS.md#maps)", "[r](RESULTS.md#maps)"),
        ("reference/data.md", "[d](../data.md)", "[d](../data.md)"),
        ("reference/data.md", "[r](../../RESULTS.md)", "[r](../RESULTS.md)"),
        ("MODEL_CARD.md", "[e](docs/experiments.md)", "[e](experiments.md)"),
        ("index.md", "![p](../assets/screenshots/estimate-light.png)",
         "![p](assets/screenshots/estimate-light.png)"),
        ("index.md", "[code](../sadal_core/losses.py)", "[code][sadal_core.losses]"),
        ("index.md", "[code](../sadal_core/losses.py#g_adv)", "[code][sadal_core.losses.g_adv]"),
        ("index.md", "[code](../sadal_core/faces/)", "[code][sadal_core.faces]"),
        ("RESULTS.md", "[lab](notebooks/lab.ipynb), [l](LICENSE)", "lab, l"),
        ("index.md", "[x](https://a.b/c) [y](#z)", "[x](https://a.b/c) [y](#z)"),
        ("index.md", "[gone](../gone.md)", "[gone](../gone.md)"),
        ("index.md", "```\n[l](../LICENSE)\n```\n", "```\n[l](../LICENSE)\n```\n"),
    ],
)  # fmt: skip
def test_links_of_the_repository_become_links_of_the_site(
    page: str, text: str, expected: str
) -> None:
    assert linked(text, page, KNOWN) == expected


def test_blocks_of_mathematics_become_displayed_formulas() -> None:
    text = "Sum.\n\n.. math:: a +\n    b\n\nwith :math:`c`.\n\nArgs:\n    x: y."
    made = as_markdown(text)
    assert "\n$$\na +\nb\n$$\n" in made
    assert "with $c$." in made
    assert made.endswith("Args:\n    x: y.")
    nested = as_markdown(
        "Returns:\n    A.\n\n    .. math::\n        a \\\\\n        b\n\n    Last."
    )
    assert "\n    $$\n    a \\\\\n    b\n    $$\n" in nested
    assert nested.endswith("    Last.")


def test_a_table_between_rules_stays_as_it_is_laid_out() -> None:
    table = "=== ===\na   b\n=== ===\n1   2\n=== ==="
    assert as_markdown(f"Text.\n\n{table}\n") == f"Text.\n\n```text\n{table}\n```\n"
    assert as_markdown("a == b and c") == "a == b and c"


def test_a_formula_is_set_by_the_browser_itself() -> None:
    made = as_mathml(r'<p><span class="arithmatex">\(a &lt; \ln(b)\)</span></p>')
    assert made.startswith("<p><math ")
    assert "&#x0003C;" in made
    assert "arithmatex" not in made
    lines = as_mathml('<div class="arithmatex">\\[a \\\\ b\\]</div>')
    assert lines.count('display="block"') == 2


def test_an_unknown_figure_stops_the_build() -> None:
    with pytest.raises(KeyError, match="nothing"):
        drawn("<!-- figure: nothing: words -->", "index.html")
    assert drawn("<p>none</p>", "index.html") == "<p>none</p>"


def test_scripts_of_figures_are_found_from_every_depth() -> None:
    place = "<!-- figure: q-printed: Q -->"
    assert 'src="look/plotly.min.js"' in drawn(place, "index.html")
    assert 'src="../look/plotly.min.js"' in drawn(place, "reference/x.html")


def test_layers_are_those_of_the_contracts() -> None:
    core = layers("sadal_core")
    assert core[-1] == ["bundled", "errors"]
    assert core.index(["faces"]) < core.index(["files"])
    named = {name for layer in layers("app") for name in layer}
    have = {path.stem for path in Path(ROOT / "app").iterdir() if not path.name.startswith("_")}
    assert named == have


def test_commands_are_those_of_the_command_line() -> None:
    known = {name: module.__name__.rpartition(".")[2] for name, module in cli._COMMANDS.items()}
    assert list(commands().items()) == list(known.items())
