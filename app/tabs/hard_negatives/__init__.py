"""The Hard negatives view: one quadruplet in detail, many in distribution, generators compared."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import gradio as gr

from app import map_text as text
from app.components.choice import Dropdown, Radio
from app.components.html import plain_html
from app.components.linked import Asker, Linked, Restored, state_of
from app.components.visit import Visit
from app.components.words import refusal
from app.generated import Wanted, ages_with
from app.link import among, one_of, read_fields
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
    link: gr.HTML


def build(services: Services, visit: Visit, tab: gr.Tab) -> Linked | None:
    """Lay out the view and wire it; it is filled when it is first looked at."""
    if isinstance(services.gallery, Problem):
        problem = services.gallery
        plain_html(refusal(problem.headline, problem.sentence), elem_id="sadal-hard-problem")
        return None
    gallery = services.gallery
    kinds = answers.generators(services)
    plain_html(f'<p class="sadal-hint">{text.HARD_HINT} {text.pictures(gallery.about)}</p>')
    with gr.Row(elem_classes="sadal-columns"):
        with gr.Column(scale=5, min_width=320):
            controls, another = _controls(gallery, kinds)
            detail = plain_html(elem_id="sadal-hard-detail")
        with gr.Column(scale=6, min_width=320):
            plane = gr.Plot(
                label=text.PLANE_LABEL, show_label=False, container=False, elem_id="sadal-plane"
            )
            plain_html(f'<p class="sadal-hint">{text.PLANE_CAPTION}</p>')
            gaps = gr.Plot(
                label=text.GAPS_LABEL, show_label=False, container=False, elem_id="sadal-hard-gaps"
            )
            plain_html(f'<p class="sadal-hint">{text.GAPS_CAPTION}</p>')
    table = gr.Dataframe(
        label=text.HARD_TABLE, interactive=False, max_height=340, elem_id="sadal-hard-table"
    )
    saves = plain_html(elem_id="sadal-hard-saves")
    plain_html(f'<h2 class="sadal-title">{text.COMPARED}</h2>')
    boxes = gr.Plot(
        label=text.COMPARED_LABEL, show_label=False, container=False, elem_id="sadal-boxes"
    )
    rows = gr.Dataframe(show_label=False, interactive=False, elem_id="sadal-compared")
    problems = plain_html(elem_id="sadal-compared-problems")
    plain_html(f'<p class="sadal-hint">{text.compared_caption(kinds)}</p>')
    parts = _Parts(detail, plane, gaps, table, saves, boxes, rows, problems, visit.link)
    draw = gr.State(0)
    state = [*controls, draw]
    _wire(services, gallery, parts, (state, another, kinds), tab)
    return _linked(services, gallery, parts, state, kinds)


_NAMES: Final[tuple[str, ...]] = ("age", "younger", "older", "generator", "draw")
_CONTROLS: Final = {name: f"sadal-hard-{name}" for name in (*_NAMES[:4], "another")}
_MOST_DRAWS: Final = 10_000


def _linked(
    services: Services, gallery: Gallery, parts: _Parts, state: list[Any], kinds: dict[str, str]
) -> Linked:
    singles = ages_with(gallery)
    fields = {
        "age": among(ages_with(gallery, 2)), "younger": among(singles), "older": among(singles),
        "generator": one_of(kinds), "draw": among(range(_MOST_DRAWS)),
    }  # fmt: skip

    def restored(texts: Mapping[str, str], asker: Asker) -> Restored:
        values, notes = read_fields(texts, fields)
        start = {name: part.value for name, part in zip(_NAMES, state, strict=True)}
        wanted = _wanted(*{**start, **values}.values())
        chosen = dict(zip(state, (getattr(wanted, name) for name in _NAMES), strict=True))
        detail = _detail(services, gallery, parts, wanted)
        return {**chosen, **detail, **_many(services, gallery, parts, wanted.generator)}, notes

    made = [parts.detail, parts.plane, parts.gaps, parts.table, parts.saves]
    return Linked(_CONTROLS, [*state, *made], restored)


def _wanted(age: int, younger: int, older: int, kind: str, draw: int) -> Wanted:
    return Wanted(age, younger, older, draw, kind)


def _controls(gallery: Gallery, kinds: dict[str, str]) -> tuple[list[Any], gr.Button]:
    pairs, singles = ages_with(gallery, 2), ages_with(gallery)

    def age(start: int, ages: list[int], label: str, name: str) -> Dropdown:
        value = min(ages, key=lambda one: abs(one - start), default=None)
        return Dropdown(
            [(str(a), a) for a in ages], value=value, label=label, min_width=90, elem_id=name
        )

    with gr.Row(elem_classes="sadal-picker"):
        controls: list[Any] = [
            age(_START.age, pairs, text.HARD_AGE, "sadal-hard-age"),
            age(_START.younger, singles, text.HARD_YOUNGER, "sadal-hard-younger"),
            age(_START.older, singles, text.HARD_OLDER, "sadal-hard-older"),
        ]
    controls.append(
        Radio(
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
    state, another, kinds = inputs
    *controls, draw = state

    def described(*values: Any) -> dict[Any, Any]:
        return _detail(services, gallery, parts, _wanted(*values))

    def drawn_again(*values: Any) -> dict[Any, Any]:
        wanted = _wanted(*values)
        wanted = replace(wanted, draw=wanted.draw + 1)
        return {**_detail(services, gallery, parts, wanted), draw: wanted.draw}

    def many(kind: str) -> dict[Any, Any]:
        return _many(services, gallery, parts, kind)

    def opened(*values: Any) -> dict[Any, Any]:
        boxes, rows, problems = answers.comparison(services, gallery, kinds)
        return {
            **described(*values), **many(_wanted(*values).generator),
            parts.boxes: boxes, parts.compared: rows, parts.problems: problems,
        }  # fmt: skip

    one = [parts.detail, parts.plane, parts.link]
    tab.select(opened, state, list(vars(parts).values()), **_OPTIONS)
    for control in controls:
        control.input(described, state, one, trigger_mode="always_last", **_OPTIONS)
    controls[3].input(many, controls[3], [parts.gaps, parts.table, parts.saves], **_OPTIONS)
    another.click(drawn_again, state, [*one, draw], **_OPTIONS)


def _detail(services: Services, gallery: Gallery, parts: _Parts, wanted: Wanted) -> dict[Any, Any]:
    """The quadruplet that is wanted, or why there is none; the last figure then stays."""
    told = {name: str(getattr(wanted, name)) for name in _NAMES}
    try:
        answer = answers.one(services, gallery, wanted)
    except SadalError as error:
        return {parts.detail: refusal(text.NOT_DRAWN, str(error))}
    return {
        parts.detail: answer.words,
        parts.plane: answer.plane,
        parts.link: state_of("hard", told),
    }


def _many(services: Services, gallery: Gallery, parts: _Parts, kind: str) -> dict[Any, Any]:
    """All stored quadruplets with one generator, or why it cannot be used."""
    try:
        answer = answers.many(services, gallery, kind)
    except SadalError as error:
        return {parts.saves: refusal(text.NOT_DRAWN, str(error))}
    return {parts.gaps: answer.gaps, parts.table: answer.table, parts.saves: answer.saves}
