"""The Hard negatives view: one quadruplet in detail, many in distribution, generators compared."""

from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from app import map_text as text
from app.components.html import plain_html
from app.components.visit import Visit
from app.components.words import refusal
from app.generated import Wanted, ages_with
from app.services import Problem, Services
from app.tabs.hard_negatives import answers
from sadal_core.errors import SadalError
from sadal_core.gallery.stored import Gallery

NAME: Final = "Hard negatives"
_OPTIONS: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}
_START: Final = Wanted(age=30, younger=20, older=40)


@dataclass(frozen=True)
class _Parts:
    """The parts of the view that change."""

    detail: gr.HTML
    plane: gr.Plot
    gaps: gr.Plot
    table: gr.Dataframe
    saves: gr.HTML
    boxes: gr.Plot
    compared: gr.Dataframe
    problems: gr.HTML


def build(services: Services, visit: Visit, tab: gr.Tab) -> None:
    """Lay out the view and wire it; it is filled when it is first looked at."""
    if isinstance(services.gallery, Problem):
        problem = services.gallery
        plain_html(refusal(problem.headline, problem.sentence), elem_id="sadal-hard-problem")
        return
    gallery = services.gallery
    kinds = answers.generators(services)
    plain_html(f'<p class="sadal-hint">{text.HARD_HINT} {text.pictures(gallery.about)}</p>')
    with gr.Row(elem_classes="sadal-columns"):
        with gr.Column(scale=5, min_width=320):
            controls, another = _controls(gallery, kinds)
            detail = plain_html(elem_id="sadal-hard-detail")
        with gr.Column(scale=6, min_width=320):
            plane = gr.Plot(show_label=False, container=False, elem_id="sadal-plane")
            plain_html(f'<p class="sadal-hint">{text.PLANE_CAPTION}</p>')
            gaps = gr.Plot(show_label=False, container=False, elem_id="sadal-hard-gaps")
            plain_html(f'<p class="sadal-hint">{text.GAPS_CAPTION}</p>')
    table = gr.Dataframe(
        label=text.HARD_TABLE, interactive=False, max_height=340, elem_id="sadal-hard-table"
    )
    saves = plain_html(elem_id="sadal-hard-saves")
    plain_html(f'<h2 class="sadal-title">{text.COMPARED}</h2>')
    boxes = gr.Plot(show_label=False, container=False, elem_id="sadal-boxes")
    rows = gr.Dataframe(show_label=False, interactive=False, elem_id="sadal-compared")
    problems = plain_html(elem_id="sadal-compared-problems")
    plain_html(f'<p class="sadal-hint">{text.compared_caption(kinds)}</p>')
    parts = _Parts(detail, plane, gaps, table, saves, boxes, rows, problems)
    _wire(services, gallery, parts, (controls, another, kinds), tab)


def _controls(gallery: Gallery, kinds: dict[str, str]) -> tuple[list[Any], gr.Button]:
    pairs, singles = ages_with(gallery, 2), ages_with(gallery)

    def age(start: int, ages: list[int], label: str, name: str) -> gr.Dropdown:
        value = min(ages, key=lambda one: abs(one - start), default=None)
        return gr.Dropdown(
            [(str(a), a) for a in ages], value=value, label=label, min_width=90, elem_id=name
        )

    with gr.Row(elem_classes="sadal-picker"):
        controls: list[Any] = [
            age(_START.age, pairs, text.HARD_AGE, "sadal-hard-age"),
            age(_START.younger, singles, text.HARD_YOUNGER, "sadal-hard-younger"),
            age(_START.older, singles, text.HARD_OLDER, "sadal-hard-older"),
        ]
    controls.append(
        gr.Radio(
            [(label, kind) for kind, label in kinds.items()],
            value=next(iter(kinds)),
            label=text.HARD_GENERATOR,
            elem_id="sadal-hard-generator",
        )  # fmt: skip
    )
    another = gr.Button(text.HARD_ANOTHER, size="sm", elem_id="sadal-hard-another")
    return controls, another


def _wire(
    services: Services,
    gallery: Gallery,
    parts: _Parts,
    inputs: tuple[list[Any], gr.Button, dict[str, str]],
    tab: gr.Tab,
) -> None:
    controls, another, kinds = inputs
    draw_state = gr.State(0)

    def detail(*wanted: Any) -> dict[Any, Any]:
        return _detail(services, gallery, parts, Wanted(*wanted))

    def described(age: int, younger: int, older: int, kind: str, draw: int) -> dict[Any, Any]:
        return detail(age, younger, older, draw, kind)

    def drawn_again(age: int, younger: int, older: int, kind: str, draw: int) -> dict[Any, Any]:
        return {**detail(age, younger, older, draw + 1, kind), draw_state: draw + 1}

    def many(kind: str) -> dict[Any, Any]:
        return _many(services, gallery, parts, kind)

    def opened(age: int, younger: int, older: int, kind: str, draw: int) -> dict[Any, Any]:
        boxes, rows, problems = answers.comparison(services, gallery, kinds)
        return {
            **described(age, younger, older, kind, draw), **many(kind),
            parts.boxes: boxes, parts.compared: rows, parts.problems: problems,
        }  # fmt: skip

    state = [*controls, draw_state]
    one = [parts.detail, parts.plane]
    tab.select(opened, state, list(vars(parts).values()), **_OPTIONS)
    for control in controls:
        control.input(described, state, one, trigger_mode="always_last", **_OPTIONS)
    controls[3].input(many, controls[3], [parts.gaps, parts.table, parts.saves], **_OPTIONS)
    another.click(drawn_again, state, [*one, draw_state], **_OPTIONS)


def _detail(services: Services, gallery: Gallery, parts: _Parts, wanted: Wanted) -> dict[Any, Any]:
    """The quadruplet that is wanted, or why there is none; the last figure then stays."""
    try:
        answer = answers.one(services, gallery, wanted)
    except SadalError as error:
        return {parts.detail: refusal(text.NOT_DRAWN, str(error))}
    return {parts.detail: answer.words, parts.plane: answer.plane}


def _many(services: Services, gallery: Gallery, parts: _Parts, kind: str) -> dict[Any, Any]:
    """All stored quadruplets with one generator, or why it cannot be used."""
    try:
        answer = answers.many(services, gallery, kind)
    except SadalError as error:
        return {parts.saves: refusal(text.NOT_DRAWN, str(error))}
    return {parts.gaps: answer.gaps, parts.table: answer.table, parts.saves: answer.saves}
