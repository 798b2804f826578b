"""The Similarity Q view: Q, the distance it demands, and the distance that was learned."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import gradio as gr

from app import text
from app.components.choice import Radio
from app.components.figure import figure_data, figure_view
from app.components.html import plain_html
from app.components.linked import Asker, Linked, Restored, state_of
from app.components.visit import Visit
from app.components.words import refusal, sentences
from app.curves import QSettings, learned, q_curves
from app.figures.similarity_curves import similarity_curves
from app.link import between, one_of, read_fields
from app.services import Services
from app.view import Pair
from sadal_core.errors import ConfigError

NAME: Final = "Similarity Q"

_VARIANTS: Final = ("slide", "wing_norm", "code_literal", "none")
_DEMANDS: Final = {"margin": "τ Q", "distance": "τ / Q"}
_NAMES: Final = ("variant", "L", "eps", "joined", "C", "on", "tau")  # of the controls, in order
_FIELDS: Final[dict[str, Callable[[str], Any]]] = {
    "variant": one_of(_VARIANTS), "L": between(1, 20), "eps": between(0.1, 5),
    "C": lambda text: None if text == "auto" else between(-1, 1)(text),
    "on": one_of(("margin", "distance")), "tau": between(0.01, 2),
}  # fmt: skip
_SHOWN_C: Final = 0.5  # of the slider while C is chosen by the view and not yet computed


def build(services: Services, visit: Visit, tab: gr.Tab) -> Linked:
    """Lay out the view and wire it; it is drawn when the page opens and on every change."""
    start = _values(QSettings.of(services.manifest))
    metric, control = (learned(services.manifest, name) for name in ("sadal", "warm_start"))
    if metric and control:
        control = control.scaled(metric.overall() / control.overall())

    def draw_q(  # noqa: PLR0913 (one argument for each part of the page)
        variant: str,
        L: float,
        eps: float,
        joined: bool,
        C: float,
        q_on: str,
        tau: float,
        marked: tuple[Pair, ...],
    ) -> tuple[Any, str, Any, Any]:
        free = gr.update(interactive=variant == "slide" and not joined)
        shown = None if joined else C
        try:
            curves = q_curves(variant, L=L, eps=eps, C=shown, tau=tau, q_on=q_on)
        except ConfigError as error:
            return gr.skip(), refusal(text.Q_REFUSED, str(error)), free, gr.skip()
        figure = similarity_curves(curves, metric, control, demand=_DEMANDS[q_on], marked=marked)
        if joined:
            free = gr.update(interactive=False, value=round(curves.continuous_C, 3))
        words = sentences(text.q_explained(curves, q_on=q_on))
        told = _texts((variant, L, eps, joined, C, q_on, tau))
        return figure_data(figure), words, free, state_of("q", told)

    with gr.Row(elem_classes="sadal-columns"):
        with gr.Column(scale=4, min_width=300):
            controls = _controls(start)
            reset = gr.Button(text.Q_RESET, size="sm", elem_id="sadal-q-reset")
            words = plain_html(elem_id="sadal-q-words")
        with gr.Column(scale=7, min_width=320):
            figure = figure_view("sadal-q-figure", label=text.Q_FIGURE)
            caption = text.q_caption(metric is not None)
            plain_html(f'<p class="sadal-hint">{caption}</p>', elem_id="sadal-q-caption")
    gr.on(
        None, draw_q, [*controls, visit.pairs], [figure, words, controls[4], visit.link],
        show_progress="hidden", trigger_mode="always_last", api_visibility="private",
        queue=False,  # it takes milliseconds, and a slider moves on
    )  # fmt: skip
    reset.click(lambda: start, None, controls, api_visibility="private")
    return _linked(controls, start)


def _linked(controls: list[Any], start: tuple[Any, ...]) -> Linked:
    def restored(texts: Mapping[str, str], asker: Asker) -> Restored:
        values, notes = read_fields(texts, _FIELDS)
        shown = dict(zip(_NAMES, start, strict=True)) | values
        if "C" in values:
            shown["joined"] = values["C"] is None
            shown["C"] = start[4] if values["C"] is None else values["C"]
        return dict(zip(controls, (shown[name] for name in _NAMES), strict=True)), notes

    ids = dict(zip(_NAMES, (part.elem_id for part in controls), strict=True))
    return Linked({**ids, "reset": "sadal-q-reset"}, controls, restored)


def _texts(values: tuple[Any, ...]) -> dict[str, str]:
    """The state of the controls as a link has it."""
    named = dict(zip(_NAMES, values, strict=True))
    if named.pop("joined"):
        named["C"] = "auto"
    return {name: str(value) for name, value in named.items()}


def _values(settings: QSettings) -> tuple[Any, ...]:
    """Values of the controls, in their order."""
    offset = _SHOWN_C if settings.C is None else settings.C
    return (
        settings.variant, settings.L, settings.eps, settings.C is None, offset, settings.q_on,
        settings.tau,
    )  # fmt: skip


def _controls(start: tuple[Any, ...]) -> list[Any]:
    variant, length, curvature, joined, offset, q_on, tau = start
    return [
        Radio(_VARIANTS, value=variant, label=text.Q_VARIANT, elem_id="sadal-q-variant"),
        gr.Slider(1, 20, length, step=0.5, label=text.Q_L, elem_id="sadal-q-l"),
        gr.Slider(0.1, 5, curvature, step=0.1, label=text.Q_EPS, elem_id="sadal-q-eps"),
        gr.Checkbox(joined, label=text.Q_JOINED, elem_id="sadal-q-joined"),
        gr.Slider(
            -1, 1, offset, step=0.001, label=text.Q_C, interactive=not joined, elem_id="sadal-q-c"
        ),
        Radio(
            [(text.Q_ON_MARGIN, "margin"), (text.Q_ON_DISTANCE, "distance")], value=q_on,
            label=text.Q_ON, elem_id="sadal-q-on",
        ),
        gr.Slider(0.01, 2, tau, step=0.01, label=text.Q_TAU, elem_id="sadal-q-tau"),
    ]  # fmt: skip
