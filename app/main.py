"""The whole page: header, views in order, notes."""

from collections.abc import Callable
from typing import Final

import gradio as gr

from app import text
from app.components.aids import aids
from app.components.connection import connection_part
from app.components.html import plain_html
from app.components.lesson import lesson_part
from app.components.linked import Linked, link_part
from app.components.panel import header, notes
from app.components.visit import Visit, visit
from app.endpoint import add_endpoint
from app.guide import LESSONS_VIEW, Guide
from app.leaving import leave
from app.services import Services
from app.tabs import estimate, hard_negatives, lessons, metric_space, results, similarity, train

VIEWS: Final[dict[str, tuple[str, Callable[[Services, Visit, gr.Tab], Linked | None]]]] = {
    "estimate": (estimate.NAME, estimate.build),
    "map": (metric_space.NAME, metric_space.build),
    "q": (similarity.NAME, similarity.build),
    "hard": (hard_negatives.NAME, hard_negatives.build),
    "train": (train.NAME, train.build),
    "results": (results.NAME, results.build),
    LESSONS_VIEW: (lessons.NAME, lessons.build),
}
_CACHE_SECONDS: Final = (30, 120)  # how often, and how old a left-over upload may become
_WAITING_PEOPLE: Final = 64
_REQUESTS_AT_ONCE: Final = 4


def build_demo(services: Services) -> gr.Blocks:
    """The page for `services`, ready to launch with `theme.launch_options`."""

    def left(request: gr.Request) -> None:
        leave(demo, services.room, request.session_hash)

    with gr.Blocks(
        title=text.TITLE, analytics_enabled=False, delete_cache=_CACHE_SECONDS, fill_width=True
    ) as demo:
        connection_part()
        aids()
        plain_html(header())
        lesson = lesson_part()
        link = link_part({view: name for view, (name, _) in VIEWS.items()})
        shared = visit(link)
        linked: dict[str, Linked] = {}
        with gr.Tabs(elem_id="sadal-views") as tabs:
            for view, (name, build) in VIEWS.items():
                with gr.Tab(name, id=view) as tab:
                    made = build(services, shared, tab)
                if made is not None:
                    linked[view] = made
        plain_html(notes(services.manifest))
        Guide(tabs, link, lesson, shared.photo, linked, tuple(VIEWS), services.lessons[0]).wire()
        add_endpoint(services)
        demo.unload(left)
    demo.queue(max_size=_WAITING_PEOPLE, default_concurrency_limit=_REQUESTS_AT_ONCE)
    return demo
