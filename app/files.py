"""Files that the page serves besides its own, and their addresses."""

from pathlib import Path
from typing import Final
from urllib.parse import quote

import plotly

PLOTLY: Final = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def file_url(path: Path) -> str:
    """Where Gradio serves a file whose path was given to `gr.set_static_paths`."""
    return f"/gradio_api/file={quote(str(path))}"
