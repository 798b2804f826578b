"""The teaching notebook is run in a kernel, and tells the numbers of the command."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from sadal_core.cli import main
from sadal_core.collapse import Alarm
from sadal_core.gallery.stored import BUNDLED_GALLERY
from sadal_core.lab.presets import PRESETS

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "lab.ipynb"
FIGURE = "application/vnd.plotly.v1+json"
LINK = "?view=train&data=toy&preset=paper&turns=40b"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Jupyter without what the user has set up."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder / name.lower()))
        patch.delenv("JUPYTER_PATH", raising=False)
        patch.setenv("OMP_NUM_THREADS", "1")  # as `one_thread` has it here
        yield


@pytest.fixture(scope="module")
def stored() -> NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def executed(environment: None) -> NotebookNode:
    if not BUNDLED_GALLERY.is_dir():
        pytest.skip("the bundled gallery is not here: assets/gallery is missing")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    folder = {"metadata": {"path": str(NOTEBOOK.parent)}}  # where a reader's kernel starts
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=folder).execute()
    return notebook


def outputs(notebook: NotebookNode) -> list[Any]:
    return [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]


def test_the_notebook_is_stored_without_outputs(stored: NotebookNode) -> None:
    nbformat.validate(stored)
    assert outputs(stored) == []
    cells = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert all(cell.execution_count is None for cell in cells)
    assert len(stored.cells) > len(cells) > 8
    assert str(ROOT) not in NOTEBOOK.read_text("utf-8")


@pytest.mark.slow
def test_nothing_is_said_that_is_no_result(executed: NotebookNode) -> None:
    kinds = {output.output_type for output in outputs(executed)}
    assert kinds == {"execute_result", "display_data"}  # no warning, no progress bar


@pytest.mark.slow
def test_the_last_cell_has_the_numbers_of_the_command(
    executed: NotebookNode, tmp_path: Path
) -> None:
    (output,) = executed.cells[-1].outputs
    record = ast.literal_eval(output.data["text/plain"])
    assert main(["lab", "--link", LINK, "--out", str(tmp_path)]) == 0
    table = pd.read_csv(
        tmp_path / "records.csv",
        float_precision="round_trip",
        converters={"alarms": ast.literal_eval},
    )
    assert record["turn"] == 40
    assert record == table.iloc[-1].to_dict()


@pytest.mark.slow
def test_the_table_has_every_preset_and_what_it_shows(executed: NotebookNode) -> None:
    (html,) = [
        output.data["text/html"]
        for output in outputs(executed)
        if "adversary acts" in output.data.get("text/html", "")
    ]
    rows = re.findall(r"<th>([^<]+)</th>\s*((?:<td>[^<]*</td>\s*)+)", html)
    table = {name: re.findall(r"<td>([^<]*)</td>", cells) for name, cells in rows}
    assert list(table) == list(PRESETS)
    _, _, variance, *_ = table["collapse"]
    assert 0 < float(variance) < 1e-3
    assert table["midpoint"][3] == "0.5000"  # the copy ratio
    assert table["no generator"][3] == "NaN"
    assert Alarm.EMBEDDING_POINT in table["collapse"][-1]
    assert Alarm.INERT_ADVERSARY in table["printed"][-1]


@pytest.mark.slow
def test_every_axis_of_the_figures_has_a_title(executed: NotebookNode) -> None:
    figures = [o.data[FIGURE] for o in outputs(executed) if FIGURE in o.data]
    assert len(figures) == 3
    for figure in figures:
        axes = {name: axis for name, axis in figure["layout"].items() if name[1:5] == "axis"}
        assert len(axes) >= 2
        assert all(axis["title"]["text"] for axis in axes.values())
    for picture in figures[1:]:
        faces, arrows = picture["data"]
        assert faces["marker"]["colorbar"]["title"]["text"] == "age in years"
        assert len(arrows["x"]) >= 60
        assert picture["layout"]["yaxis"]["scaleanchor"] == "x"
