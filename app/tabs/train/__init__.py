"""The Train view: SADAL learning before one's eyes, turn by turn."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from app import lab_text as text
from app.components.choice import Dropdown, Radio
from app.components.html import plain_html
from app.components.lab_view import lab_view
from app.components.linked import Asker, Linked, Restored
from app.components.visit import Visit
from app.components.words import refusal
from app.lab_room import LabRoom
from app.services import Problem, Services
from app.tabs.train import answers
from app.tabs.train.controls import as_texts, setting_controls
from sadal_core.errors import SadalError

if TYPE_CHECKING:  # at run time this would import torch
    from sadal_core.lab.state import LabState

NAME: Final = "Train"
_OPTIONS: Final[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}
_AT_ONCE: Final = 2  # requests of training, one for each core; the other requests are not held up


@dataclass(frozen=True)
class _Parts:
    """The parts of the view."""

    data: Radio
    preset: Dropdown
    seed: gr.Number
    settings: dict[str, Any]
    watch: gr.HTML
    note: gr.HTML
    lab: gr.HTML
    command: gr.HTML

    @property
    def inputs(self) -> list[Any]:
        """All that a state is read from, in the order of `_Look.state`."""
        return [self.data, self.preset, self.seed, *self.settings.values()]


def build(services: Services, visit: Visit, tab: gr.Tab) -> Linked:
    """Lay out the view and wire it.

    Args:
        services: with the room of all labs.
        visit: not used.
        tab: in which the view is.
    """
    some = not isinstance(services.gallery, Problem)
    names = {n: label for n, label in text.DATA_NAMES.items() if some or n == "toy"}
    plain_html(f'<p class="sadal-hint">{text.HINT}</p>')
    with gr.Row(elem_classes="sadal-columns"):
        with gr.Column(scale=3, min_width=280, elem_id="sadal-lab-side"):
            data = Radio(
                [(label, name) for name, label in names.items()], value=next(iter(names)),
                label=text.DATA, elem_id="sadal-lab-data",
            )  # fmt: skip
            preset = Dropdown(
                [(label, name) for name, label in text.PRESET_NAMES.items()], value="corrected",
                label=text.PRESET, filterable=False, elem_id="sadal-lab-preset",
            )  # fmt: skip
            watch = plain_html(
                answers.watch("corrected", next(iter(names))), elem_id="sadal-lab-watch"
            )
            seed = gr.Number(1, label=text.SEED, precision=0, elem_id="sadal-lab-seed")
            note = plain_html(elem_id="sadal-lab-note")
            with gr.Accordion(text.SETTINGS, open=False, elem_id="sadal-lab-settings"):
                settings = setting_controls()
        with gr.Column(scale=9, min_width=320):
            lab = lab_view()
            command = plain_html(elem_id="sadal-lab-command")
    parts = _Parts(data, preset, seed, settings, watch, note, lab, command)
    look = _Look(services.room, parts)
    _wire(look)

    def restored(texts: Mapping[str, str], asker: Asker) -> Restored:
        return look.restored(texts, asker.session)

    changing = [parts.watch, parts.lab, parts.note, parts.command]
    return Linked(_controls(settings), [*parts.inputs, *changing], restored)


def _controls(settings: Iterable[str]) -> dict[str, str]:
    """What links can lock or hide: each setting, all of them, and the rest of the view."""
    whole = ("data", "preset", "seed", "settings", "turns", "watch", "command")
    return {name: f"sadal-lab-{name}" for name in (*whole, *settings)}


@dataclass(frozen=True)
class _Look:
    """What every answer of the view needs."""

    room: LabRoom
    parts: _Parts

    def state(self, values: tuple[Any, ...]) -> "LabState":
        """The state at its start that the controls describe.

        Raises:
            ConfigError: it makes no sense.
        """
        from sadal_core.lab.state import LabState

        data, preset, seed, *rest = values
        settings = dict(zip(self.parts.settings, rest, strict=True))
        return LabState.of(data, preset).changed(as_texts({"seed": seed, **settings}))

    def started(self, session: str, state: "LabState") -> dict[Any, Any]:
        """A fresh lab of a state, or why there is none; the lab at hand then stays."""
        try:
            return self.start(session, state)
        except SadalError as error:
            return self.refused(error)

    def start(self, session: str, state: "LabState") -> dict[Any, Any]:
        """A fresh lab of a state.

        Raises:
            SadalError: there is none; the lab at hand then stays.
        """
        self.room.start(session, state)
        with self.room.bench(session) as bench:
            if bench is None:  # the visitor has left meanwhile
                return {self.parts.note: ""}
            return {
                self.parts.lab: answers.start(bench),
                self.parts.note: "",
                self.parts.command: answers.command(state),
            }

    def refused(self, error: SadalError) -> dict[Any, Any]:
        """Why the lab at hand stays as it is."""
        return {self.parts.note: refusal(text.REFUSED, str(error))}

    def restored(self, texts: Mapping[str, str], session: str) -> Restored:
        """The lab that a link tells; where there is none, that of the preset it names."""
        from sadal_core.lab.state import LabState, read_state

        texts = {"data": self.parts.data.value, **texts}
        state, notes = read_state(texts)
        beyond = [name for name in texts if not self.holds(name, state)]
        if beyond:
            state, notes = read_state({n: texts[n] for n in texts if n not in beyond})
            notes += [text.not_held(name, texts[name]) for name in beyond]
        try:
            answer = self.start(session, state)
        except SadalError as error:
            notes.append(str(error))
            state = LabState.of(self.parts.data.value, state.preset)
            answer = self.started(session, state)
        return {**self.controls(state), **answer}, notes

    def holds(self, name: str, state: "LabState") -> bool:
        """Whether the control of a setting has its value; if not, Gradio refuses every event."""
        if name not in self.parts.settings:
            return True
        value = getattr(state.config, name)
        try:
            return self.parts.settings[name].preprocess(value) == value
        except gr.Error:
            return False

    def controls(self, state: "LabState") -> dict[Any, Any]:
        """The controls as a state has them."""
        parts, config = self.parts, state.config
        return {
            parts.data: state.data,
            parts.preset: state.preset,
            parts.seed: config.seed,
            parts.watch: answers.watch(state.preset, state.data),
            **{part: getattr(config, name) for name, part in parts.settings.items()},
        }


def _wire(look: _Look) -> None:
    parts = look.parts
    shown = [parts.lab, parts.note, parts.command]
    everything = [*parts.inputs, parts.watch, *shown]
    named = [parts.data, parts.preset]

    def lab_opened(request: gr.Request, data: str, preset: str) -> dict[Any, Any]:
        with look.room.bench(str(request.session_hash)) as bench:
            if bench is not None:  # a link has made it
                return {parts.lab: answers.start(bench)}
        return _of_preset(look, request, data, preset)

    def preset_chosen(request: gr.Request, data: str, preset: str) -> dict[Any, Any]:
        return _of_preset(look, request, data, preset)

    def settings_changed(request: gr.Request, *values: Any) -> dict[Any, Any]:
        return _of_values(look, request, values, "")

    parts.lab.open(lab_opened, named, everything, **_OPTIONS)
    for control in named:
        control.input(preset_chosen, named, everything, trigger_mode="always_last", **_OPTIONS)
    gr.on(
        [control.input for control in (parts.seed, *parts.settings.values())], settings_changed,
        parts.inputs, shown, trigger_mode="always_last", **_OPTIONS,
    )  # fmt: skip
    parts.lab.reset(settings_changed, parts.inputs, shown, trigger_mode="multiple", **_OPTIONS)
    _wire_turns(look, shown)


def _wire_turns(look: _Look, shown: list[Any]) -> None:
    parts = look.parts

    def turned(request: gr.Request, event: gr.EventData, *values: Any) -> dict[Any, Any]:
        asked = event._data if isinstance(event._data, dict) else {}
        question = answers.question(asked)
        answer = answers.advance(look.room, str(request.session_hash), asked)
        if answer is not None:
            return {parts.lab: answer | question}
        # Put away meanwhile: it is made again, and the browser goes on asking.
        again = _of_values(look, request, values, str(asked.get("turns") or ""))
        return {parts.lab: {"run": asked.get("run"), "refused": True, **question}, **again}

    def rested(request: gr.Request) -> None:
        look.room.rest(str(request.session_hash))

    # "multiple": the browser waits for each answer, and asks again before Gradio counts it as done.
    parts.lab.turn(
        turned, parts.inputs, shown, trigger_mode="multiple", concurrency_limit=_AT_ONCE,
        **_OPTIONS,
    )  # fmt: skip
    parts.lab.rest(rested, None, None, trigger_mode="multiple", **_OPTIONS)


def _of_preset(look: _Look, request: gr.Request, data: str, preset: str) -> dict[Any, Any]:
    from sadal_core.lab.state import LabState

    try:
        state = LabState.of(data, preset)
    except SadalError as error:
        return look.refused(error)
    return {**look.controls(state), **look.started(str(request.session_hash), state)}


def _of_values(
    look: _Look, request: gr.Request, values: tuple[Any, ...], turns: str
) -> dict[Any, Any]:
    """A lab of what the controls hold, or why there is none; the lab at hand then stays."""
    from sadal_core.lab.turns import read_turns

    try:
        read_turns(turns)
        state = replace(look.state(values), turns=turns)
    except SadalError as error:
        return look.refused(error)
    return look.started(str(request.session_hash), state)
