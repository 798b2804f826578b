"""The whole page: header, views in order, notes."""

from collections.abc import Callable
from typing import Final

import gradio as gr

from app import text
from app.components.html import plain_html
from app.components.panel import header, notes
from app.components.visit import Visit, visit
from app.endpoint import add_endpoint
from app.services import Services
from app.tabs import estimate, hard_negatives, metric_space, similarity

VIEWS: Final[tuple[tuple[str, Callable[[Services, Visit, gr.Tab], None]], ...]] = (
    (estimate.NAME, estimate.build),
    (metric_space.NAME, metric_space.build),
    (similarity.NAME, similarity.build),
    (hard_negatives.NAME, hard_negatives.build),
)
_CACHE_SECONDS: Final = (30, 120)  # how often, and how old a left-over upload may become
_WAITING_PEOPLE: Final = 64
_REQUESTS_AT_ONCE: Final = 4


def build_demo(services: Services) -> gr.Blocks:
    """The page for `services`, ready to launch with `theme.launch_options`."""

    def left(request: gr.Request) -> None:
        forget_session(demo, request.session_hash)

    with gr.Blocks(
        title=text.TITLE, analytics_enabled=False, delete_cache=_CACHE_SECONDS, fill_width=True
    ) as demo:
        plain_html(header())
        shared = visit()
        with gr.Tabs(elem_id="sadal-views"):
            for name, build in VIEWS:
                with gr.Tab(name) as tab:
                    build(services, shared, tab)
        plain_html(notes(services.manifest))
        add_endpoint(services)
        demo.unload(left)
    demo.queue(max_size=_WAITING_PEOPLE, default_concurrency_limit=_REQUESTS_AT_ONCE)
    return demo


def forget_session(demo: gr.Blocks, session: str | None) -> None:
    """Drop everything that is kept for a visitor; Gradio itself would keep it for an hour."""
    if session is not None:
        demo.app.state_holder.session_data.pop(session, None)
