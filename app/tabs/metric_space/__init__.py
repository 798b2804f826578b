"""The Metric space view: the map, what is chosen on it, and what lies in a selection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from app import map_text as text
from app.components.choice import Dropdown, Radio
from app.components.html import plain_html
from app.components.legend import legend
from app.components.linked import Asker, Linked, Restored
from app.components.map_view import map_view
from app.components.visit import Visit
from app.components.words import refusal, sentences
from app.detail import read_window
from app.selection import read_selection
from app.services import Problem, Services
from app.tabs.metric_space import answers
from app.tabs.metric_space.links import view_of
from app.view import Pick, View, pairs
from sadal_core.errors import SadalError
from sadal_core.gallery.stored import Gallery

NAME: Final = "Metric space"
_OPTIONS: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}
_LATEST: Final[dict[str, Any]] = {**_OPTIONS, "trigger_mode": "always_last"}
# With `always_last` Gradio would send the data of the first event again, not the last one's.
_EACH: Final[dict[str, Any]] = {**_OPTIONS, "trigger_mode": "multiple"}

_CONTROLS: Final = {
    "kind": "sadal-map-kind", "space": "sadal-map-space", "age": "sadal-pick-age",
    "rank": "sadal-pick-rank", "harder": "sadal-harder", "easier": "sadal-easier",
    "map": "sadal-map",
}  # fmt: skip


@dataclass(frozen=True)
class _Parts:
    """The parts of the view that change."""

    map: gr.HTML
    believe: gr.HTML
    picked: gr.HTML
    rank: gr.Number
    chosen: gr.HTML
    ages: gr.Plot
    gaps: gr.Plot
    table: gr.Dataframe
    view: gr.State
    pairs: gr.State


def build(services: Services, visit: Visit, tab: gr.Tab) -> Linked | None:
    """Lay out the view and wire it.

    Args:
        services: with the gallery, or the reason why there is none.
        visit: the visitor's photo is read, the pairs of the chosen quadruplet are written.
        tab: in which the view is.
    """
    if isinstance(services.gallery, Problem):
        problem = services.gallery
        plain_html(refusal(problem.headline, problem.sentence), elem_id="sadal-map-problem")
        return None
    gallery = services.gallery
    assert gallery.sheet is not None
    gr.set_static_paths([gallery.sheet])
    plain_html(f'<p class="sadal-hint">{text.MAP_HINT} {text.pictures(gallery.about)}</p>')
    with gr.Row(elem_classes="sadal-columns"):
        with gr.Column(scale=8, min_width=320):
            with gr.Row(elem_classes="sadal-map-choice"):
                kind, space = _choices()
            plain_html(legend(), elem_id="sadal-legend")
            shown = map_view()
        with gr.Column(scale=4, min_width=300):
            age, rank, harder, easier = _picker(gallery)
            picked = plain_html(sentences([text.PICK_NOTHING]), elem_id="sadal-picked")
    chosen = plain_html(sentences([text.SELECTION_NONE]), elem_id="sadal-chosen")
    with gr.Row(elem_classes="sadal-columns", elem_id="sadal-selection"):
        ages = gr.Plot(
            label=text.SELECTION_AGES, show_label=False, container=False, visible=False,
            elem_id="sadal-ages",
        )  # fmt: skip
        gaps = gr.Plot(
            label=text.SELECTION_GAPS, show_label=False, container=False, visible=False,
            elem_id="sadal-gaps",
        )  # fmt: skip
    table = gr.Dataframe(
        label=text.SELECTION_TABLE, visible=False, interactive=False, max_height=320,
        elem_id="sadal-table",
    )  # fmt: skip
    believe = plain_html(elem_id="sadal-believe")
    start = View(pick=answers.by_rank(gallery, answers.start_age(gallery), 1, 0)[0])
    view = gr.State(start)
    parts = _Parts(shown, believe, picked, rank, chosen, ages, gaps, table, view, visit.pairs)
    look = _Look(services, gallery, parts)
    _wire_map(look, (kind, space), visit.photo)
    _wire_picker(look, (age, rank, harder, easier), visit.photo)
    _wire_selection(look)

    return _linked(look, (kind, space), start)


@dataclass(frozen=True)
class _Look:
    """What every answer of the view needs."""

    services: Services
    gallery: Gallery
    parts: _Parts

    @property
    def outputs(self) -> list[Any]:
        """The parts that follow the state of the view."""
        parts = self.parts
        return [parts.map, parts.believe, parts.picked, parts.rank, parts.view, parts.pairs]

    def at(self, view: View, photo: Any, *, maps: bool, place: int | None = None) -> dict[Any, Any]:
        """The parts as `view` has them; with its maps, or only with what is drawn over them."""
        draw = answers.whole_map if maps else answers.marks_alone
        return {
            self.parts.map: draw(self.services, self.gallery, view, photo),
            self.parts.believe: answers.believe(self.gallery, view),
            self.parts.picked: answers.about_pick(self.gallery, view),
            self.parts.rank: gr.skip() if place is None else place,
            self.parts.view: view,
            self.parts.pairs: pairs(self.gallery, view),
        }


def _linked(look: _Look, choices: tuple[Dropdown, Radio], start: View) -> Linked:
    kind, space = choices

    def restored(texts: Mapping[str, str], asker: Asker) -> Restored:
        wanted, notes = view_of(look.gallery, texts, start)
        values = look.at(wanted, asker.photo, maps=True)
        return {kind: wanted.kind, space: wanted.space, **values}, notes

    return Linked(_CONTROLS, [kind, space, *look.outputs], restored)


def _choices() -> tuple[Dropdown, Radio]:
    kind = Dropdown(
        [(label, name) for name, label in text.MAP_KINDS.items()], value="umap",
        label=text.MAP_KIND, scale=2, min_width=150, filterable=False, elem_id="sadal-map-kind",
    )  # fmt: skip
    space = Radio(
        [(label, name) for name, label in text.MAP_SPACES.items()], value="after",
        label=text.MAP_SPACE, scale=3, min_width=250, elem_id="sadal-map-space",
    )  # fmt: skip
    return kind, space


def _picker(gallery: Gallery) -> tuple[Dropdown, gr.Number, gr.Button, gr.Button]:
    ages = answers.anchor_ages(gallery)
    with gr.Row(elem_classes="sadal-picker"):
        age = Dropdown(
            [(text.PICK_ANY, -1), *((str(a), a) for a in ages)], value=answers.start_age(gallery),
            label=text.PICK_AGE, min_width=110, elem_id="sadal-pick-age",
        )  # fmt: skip
        rank = gr.Number(
            1, label=text.PICK_RANK, precision=0, min_width=110,
            elem_id="sadal-pick-rank",
        )  # fmt: skip
    with gr.Row(elem_classes="sadal-picker"):
        harder = gr.Button(text.PICK_HARDER, size="sm", min_width=80, elem_id="sadal-harder")
        easier = gr.Button(text.PICK_EASIER, size="sm", min_width=80, elem_id="sadal-easier")
    return age, rank, harder, easier


def _wire_map(look: _Look, choices: tuple[Dropdown, Radio], photo: gr.State) -> None:
    parts, outputs = look.parts, look.outputs

    def opened(view: View, photo: Any) -> dict[Any, Any]:
        return look.at(view, photo, maps=True)

    def shown_as(kind: str, space: str, view: View, photo: Any) -> dict[Any, Any]:
        return look.at(view.shown(kind=kind, space=space), photo, maps=True)

    def at_epoch(view: View, photo: Any, event: gr.EventData) -> dict[Any, Any]:
        epoch = answers.epoch_of(look.gallery, event._data)
        return look.at(view.shown(epoch=epoch), photo, maps=False)

    def zoomed(view: View, photo: Any, event: gr.EventData) -> dict[Any, Any]:
        window = read_window(event._data)
        shown = answers.whole_map(look.services, look.gallery, view, photo, window)
        return {parts.map: shown}

    def visited(view: View, photo: Any) -> dict[Any, Any]:
        return look.at(view, photo, maps=False)

    parts.map.open(opened, [parts.view, photo], outputs, **_OPTIONS)
    for choice in choices:
        choice.input(shown_as, [*choices, parts.view, photo], outputs, **_LATEST)
    parts.map.epoch(at_epoch, [parts.view, photo], outputs, **_EACH)
    parts.map.zoom(zoomed, [parts.view, photo], parts.map, **_EACH)
    photo.change(visited, [parts.view, photo], outputs, **_OPTIONS)


def _wire_picker(look: _Look, controls: tuple[Any, ...], photo: gr.State) -> None:
    parts, (age, rank, harder, easier) = look.parts, controls

    def picked(view: View, pick: Pick, photo: Any, place: int | None) -> dict[Any, Any]:
        try:
            return look.at(view.shown(pick=pick), photo, maps=False, place=place)
        except SadalError as error:
            return {parts.picked: refusal(text.FORGED, str(error))}

    def clicked(view: View, photo: Any, event: gr.EventData) -> dict[Any, Any]:
        return picked(view, answers.pick_of(event._data), photo, None)

    def ranked(step: int) -> Callable[..., dict[Any, Any]]:
        def go(view: View, age: int, place: float | None, photo: Any) -> dict[Any, Any]:
            pick, shown = answers.by_rank(look.gallery, age, place, step)
            return picked(view, pick, photo, shown)

        return go

    def of_age(view: View, age: int, photo: Any) -> dict[Any, Any]:
        pick, shown = answers.by_rank(look.gallery, age, 1, 0)
        return picked(view, pick, photo, shown)

    parts.map.pick(clicked, [parts.view, photo], look.outputs, **_EACH)
    age.input(of_age, [parts.view, age, photo], look.outputs, **_OPTIONS)
    inputs = [parts.view, age, rank, photo]
    rank.submit(ranked(0), inputs, look.outputs, **_OPTIONS)
    harder.click(ranked(-1), inputs, look.outputs, **_OPTIONS)
    easier.click(ranked(1), inputs, look.outputs, **_OPTIONS)


def _wire_selection(look: _Look) -> None:
    parts = look.parts

    def chosen(view: View, event: gr.EventData) -> dict[Any, Any]:
        selection = read_selection(look.gallery, event._data)
        answer = answers.about_selection(look.gallery, view, selection)
        some = len(selection) > 0
        return {
            parts.chosen: answer.words,
            parts.ages: gr.update(value=answer.ages, visible=some),
            parts.gaps: gr.update(value=answer.gaps, visible=some),
            parts.table: gr.update(value=answer.table, visible=some),
        }

    outputs = [parts.chosen, parts.ages, parts.gaps, parts.table]
    parts.map.choose(chosen, parts.view, outputs, **_EACH)
