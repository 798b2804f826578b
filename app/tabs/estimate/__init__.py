"""The Estimate view: ages of the faces in a photo or before the camera."""

from typing import Final

import gradio as gr

from app import text
from app.services import Services
from app.tabs.estimate import live, photo

NAME: Final = "Estimate"


def build(services: Services, state: gr.State, tab: gr.Tab) -> None:
    """Lay out the view and wire it; `state` holds the photo for the other views too."""
    with gr.Tabs(elem_id="sadal-sources"):
        with gr.Tab(text.PHOTO_TAB, id="photo", elem_id="sadal-photo-tab"):
            photo.build(services, state)
        with gr.Tab(text.LIVE_TAB, id="live", elem_id="sadal-live-tab"):
            live.build(services)
