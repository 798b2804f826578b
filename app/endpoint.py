"""The named endpoint `/estimate`: an image in, JSON out."""

from typing import Any

import gradio as gr

from app import records
from app.services import Problem, Services, attempt, read_upload


def add_endpoint(services: Services) -> None:
    """Publish `/estimate`; its parts are never shown on the page."""

    def estimate(image: dict[str, Any] | None) -> dict[str, Any]:
        result = attempt(lambda: read_upload(services, image))
        if isinstance(result, Problem):
            raise gr.Error(result.sentence, title=result.headline, print_exception=False)
        return records.report(result.faces, services.manifest)

    image = gr.Image(type="filepath", label="image", visible=False)
    answer = gr.JSON(label="ages", visible=False)
    gr.Button(visible=False).click(
        estimate,
        image,
        answer,
        preprocess=False,
        api_name="estimate",
        api_description=(
            "Age of every face in an image, largest face first: box in px, age and 80 % interval "
            "in years, the probability of each age from 0 to 100, warnings, and the model."
        ),
    )
