"""The Lessons view: all lessons with a link to each."""

from typing import Final

import gradio as gr

from app.components.html import plain_html
from app.components.lesson import lesson_list
from app.components.visit import Visit
from app.services import Services

NAME: Final = "Lessons"


def build(services: Services, visit: Visit, tab: gr.Tab) -> None:
    """List the lessons."""
    lessons, notes = services.lessons
    plain_html(lesson_list(lessons, notes), script="lessons.js", elem_id="sadal-lessons")
