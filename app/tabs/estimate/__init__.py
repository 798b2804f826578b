"""The Estimate view: ages of the faces in a photo or before the camera."""

from typing import Final

import gradio as gr

from app import text
from app.components.visit import Visit
from app.services import Services
from app.tabs.estimate import live, photo

NAME: Final = "Estimate"


def build(services: Services, visit: Visit, tab: gr.Tab) -> None:
    """Lay out the view and wire it; the photo is kept for the other views too."""
    with gr.Tabs(elem_id="sadal-sources"):
        with gr.Tab(text.PHOTO_TAB, id="photo", elem_id="sadal-photo-tab"):
            photo.build(services, visit.photo)
        with gr.Tab(text.LIVE_TAB, id="live", elem_id="sadal-live-tab"):
            live.build(services)
