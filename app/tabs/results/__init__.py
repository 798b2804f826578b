"""The Results view: methods compared, ablations and the model card, all from stored files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import gradio as gr

from app import results_text as text
from app.components.choice import Dropdown, Radio
from app.components.figure import figure_view
from app.components.html import plain_html
from app.components.linked import Asker, Linked, Restored, state_of
from app.components.visit import Visit
from app.components.words import refusal, sentences
from app.figures.comparison import MOST
from app.link import one_of, read_fields, some_of
from app.results import Ablations, Results
from app.services import Services
from app.tabs.results import answers
from app.tabs.results.answers import State
from app.tabs.results.entries import ORDERS
from app.tabs.results.table import ablations_table

NAME: Final = "Results"
_OPTIONS: Final[dict[str, Any]] = {
    "show_progress": "hidden", "api_visibility": "private",
    "queue": False,  # it takes milliseconds
}  # fmt: skip
_CONTROLS: Final[tuple[str, ...]] = ("table", "families", "sort", "reverse", "methods")
_FLAGS: Final = {"yes": True, "no": False}


@dataclass(frozen=True)
class _Parts:
    """The parts of the view that change; the first ones in the order of `answers.Answer`."""

    table: gr.HTML
    made: gr.HTML
    saves: gr.HTML
    problem: gr.HTML
    cs: gr.HTML
    bands: gr.HTML
    differences: gr.HTML
    link: gr.HTML


def build(services: Services, visit: Visit, tab: gr.Tab) -> Linked | None:
    """Lay out the view and wire it; it is filled when it is first looked at."""
    results = services.results
    plain_html(f'<p class="sadal-hint">{text.HINT}</p>')
    left_out = "".join(refusal(text.LEFT_OUT, note) for note in results.notes)
    plain_html(left_out, elem_id="sadal-results-notes")
    linked = None
    if results.comparisons:
        linked = _comparisons(services, visit, tab)
    else:
        plain_html(refusal(text.NO_TABLE, text.NO_TABLE_REASON), elem_id="sadal-results-none")
    plain_html(_title(text.ABLATIONS))
    if results.ablations:
        _ablations(results.ablations)
    else:
        plain_html(refusal(text.NO_ABLATIONS, text.NO_ABLATIONS_REASON))
    if services.tried:
        plain_html(_title(text.TRADEOFF))
        figure_view(
            "sadal-results-tradeoff", answers.tradeoff_of(services.tried), label=text.TRADEOFF
        )
        plain_html(f'<p class="sadal-hint">{text.TRADEOFF_CAPTION}</p>')
    with gr.Accordion(text.CARD, open=False, elem_id="sadal-results-card"):
        gr.Markdown(answers.card(results.card) if results.card else text.NO_CARD)
    return linked


def _title(words: str) -> str:
    return f'<h2 class="sadal-title">{words}</h2>'


def _comparisons(services: Services, visit: Visit, tab: gr.Tab) -> Linked:
    results = services.results
    first = results.comparisons[0]
    start = State(
        first.name, tuple(text.FAMILIES), "mae", False, answers.kept(first, answers.START)
    )
    *upper, methods = _controls(results, start)
    table = plain_html(script="results.js", elem_id="sadal-results-table")
    saves = plain_html(elem_id="sadal-results-saves")
    made = plain_html(elem_id="sadal-results-made")
    methods.render()
    problem = plain_html(elem_id="sadal-results-problem")
    with gr.Row(elem_classes="sadal-results-figures"):
        cs = _figure(text.CS, text.CS_CAPTION, "sadal-results-cs")
        bands = _figure(text.BANDS, text.BANDS_CAPTION, "sadal-results-bands")
    offs = _figure(text.DIFFERENCES, text.DIFFERENCES_CAPTION, "sadal-results-differences")
    parts = _Parts(table, made, saves, problem, cs, bands, offs, visit.link)
    controls = [*upper, methods]
    _wire(services, parts, controls, tab)
    return _linked(services, parts, controls, start)


def _figure(title: str, caption: str, elem_id: str) -> gr.HTML:
    with gr.Column(min_width=320):
        plain_html(_title(title))
        figure = figure_view(elem_id, label=title)
        plain_html(f'<p class="sadal-hint">{caption}</p>')
    return figure


def _controls(results: Results, start: State) -> list[Any]:
    """The controls in the order of `_CONTROLS`; the last one is not placed yet."""
    table = Radio(
        [(text.name_of(one), one.name) for one in results.comparisons], value=start.table,
        label=text.TABLE, elem_id="sadal-results-which",
    )  # fmt: skip
    with gr.Row(elem_classes="sadal-results-controls"):
        families = gr.CheckboxGroup(
            [(label, family) for family, label in text.FAMILIES.items()],
            value=list(start.families), label=text.FAMILY_FILTER, elem_id="sadal-results-families",
            scale=3, min_width=280,
        )  # fmt: skip
        sort = Dropdown(
            [(text.COLUMNS[name], name) for name in ORDERS], value=start.sort, label=text.SORT,
            elem_id="sadal-results-sort", scale=2, min_width=220,
        )  # fmt: skip
        reverse = gr.Checkbox(
            start.reverse, label=text.REVERSE, elem_id="sadal-results-reverse", scale=1,
            min_width=200,
        )  # fmt: skip
    methods = Dropdown(
        answers.titles(answers.named(results, start.table)), value=list(start.methods),
        multiselect=True, max_choices=MOST, label=text.METHODS.format(most=MOST),
        elem_id="sadal-results-methods", render=False,
    )  # fmt: skip
    return [table, families, sort, reverse, methods]


def _state(*values: Any) -> State:
    table, families, sort, reverse, methods = values
    return State(table, tuple(families), sort, bool(reverse), tuple(methods or ()))


def _shown(services: Services, parts: _Parts, state: State) -> dict[Any, Any]:
    made = answers.answer(services.results, state, services.manifest["sha256"])
    values: dict[Any, Any] = {getattr(parts, name): v for name, v in made._asdict().items()}
    return values | {parts.link: state_of("results", state.texts())}


def _wire(services: Services, parts: _Parts, controls: list[Any], tab: gr.Tab) -> None:
    table, _, sort, reverse, methods = controls

    def compared(*values: Any) -> dict[Any, Any]:
        return _shown(services, parts, _state(*values))

    def another_table(*values: Any) -> dict[Any, Any]:
        state = _state(*values)
        comparison = answers.named(services.results, state.table)
        state = replace(state, methods=answers.kept(comparison, state.methods))
        choices = gr.update(choices=answers.titles(comparison), value=list(state.methods))
        return {**_shown(services, parts, state), methods: choices}

    def sorted_by(event: gr.EventData, *values: Any) -> dict[Any, Any]:
        sent = event._data if isinstance(event._data, dict) else {}
        state = _state(*values)
        column = str(sent.get("column"))
        if column not in ORDERS:
            column = state.sort
        again = column == state.sort and not state.reverse
        state = replace(state, sort=column, reverse=again)
        return {**_shown(services, parts, state), sort: column, reverse: again}

    made = list(vars(parts).values())
    tab.select(compared, controls, made, **_OPTIONS)
    for control in controls[1:]:
        control.input(compared, controls, made, trigger_mode="always_last", **_OPTIONS)
    table.input(another_table, controls, [*made, methods], **_OPTIONS)
    parts.table.sort(sorted_by, controls, [*made, sort, reverse], **_OPTIONS)


def _linked(services: Services, parts: _Parts, controls: list[Any], start: State) -> Linked:
    results = services.results
    tables = [one.name for one in results.comparisons]
    every = dict.fromkeys(row.method for one in results.comparisons for row in one.rows)
    fields: dict[str, Callable[[str], Any]] = {
        "table": one_of(tables), "families": some_of(text.FAMILIES), "sort": one_of(ORDERS),
        "reverse": lambda words: _FLAGS[one_of(_FLAGS)(words)], "methods": some_of(every),
    }  # fmt: skip

    def restored(texts: Mapping[str, str], asker: Asker) -> Restored:
        values, notes = read_fields(texts, fields)
        state = replace(start, **values)
        comparison = answers.named(results, state.table)
        wanted, state = state, replace(state, methods=answers.kept(comparison, state.methods))
        missing = [method for method in wanted.methods if method not in state.methods]
        if missing and "methods" in values:
            notes = [*notes, text.not_in_table(missing, MOST)]
        *upper, methods = controls
        shown = dict(zip(upper, vars(state).values(), strict=False))
        shown[upper[1]] = list(state.families)
        shown[methods] = gr.update(choices=answers.titles(comparison), value=list(state.methods))
        return {**shown, **_shown(services, parts, state)}, notes

    ids: dict[str, str] = dict(zip(_CONTROLS, (part.elem_id for part in controls), strict=True))
    made = [part for part in vars(parts).values() if part is not parts.link]
    return Linked(ids, [*controls, *made], restored)


def _ablations(stored: Ablations) -> None:
    figure_view("sadal-results-ablations", answers.ablations(stored), label=text.ABLATIONS)
    plain_html(
        f'<p class="sadal-hint">{text.ABLATIONS_CAPTION}</p>{ablations_table(stored)}'
        f"{sentences([text.ablations_provenance(stored)])}{answers.command(stored.command)}"
    )
