"""`/estimate` as a tool of assistants, over the Model Context Protocol (MCP).

Gradio offers its named endpoints as tools; here a picture comes as a data URL in memory, where
Gradio would fetch it from an address or leave a copy on the disk, and the answer is JSON.
"""

import json
from typing import Any, Final

from gradio import mcp

from app import text

_PICTURE: Final = "a picture as a data URL: data:image/jpeg;base64,..."


class PictureTool(mcp.GradioMCPServer):
    """Gradio's server of tools, for pictures that are sent and never fetched."""

    def simplify_filedata_schema(
        self, schema: dict[str, Any]
    ) -> tuple[dict[str, Any], list[list[str | int]]]:
        """The schema of a tool's input, and where pictures stand in it."""
        simple, places = super().simplify_filedata_schema(schema)
        for place in places:
            simple["properties"][place[0]]["format"] = _PICTURE
        return simple, places

    def convert_strings_to_filedata(
        self, value: Any, filedata_positions: list[list[str | int]]
    ) -> Any:
        """What a tool was given, with its pictures as `/estimate` takes them from a browser.

        Raises:
            ValueError: a picture is not a data URL; the assistant is told.
        """
        names = {place[0] for place in filedata_positions}
        return {name: _sent(part) if name in names else part for name, part in value.items()}

    def postprocess_output_data(self, data: Any, root_url: str) -> list[Any]:
        """An answer as JSON, where Gradio would give Python's notation."""
        return [self.types.TextContent(type="text", text=json.dumps(part)) for part in data]


def _sent(picture: Any) -> dict[str, str]:
    if not isinstance(picture, str) or not picture.startswith("data:"):
        raise ValueError(text.NO_DATA_URL)
    return {"url": picture}


def offer_tools() -> None:
    """Make Gradio use `PictureTool` in this process; it has no setting for it."""
    setattr(mcp, "GradioMCPServer", PictureTool)  # noqa: B010
