"""The Similarity Q view: Q, the distance it demands, and the distance that was learned."""

from typing import Any, Final

import gradio as gr

from app import text
from app.components.html import plain_html
from app.components.visit import Visit
from app.components.words import refusal, sentences
from app.curves import QSettings, learned, q_curves
from app.figures.similarity_curves import similarity_curves
from app.services import Services
from app.view import Pair
from sadal_core.errors import ConfigError

NAME: Final = "Similarity Q"

_VARIANTS: Final = ("slide", "wing_norm", "code_literal", "none")
_DEMANDS: Final = {"margin": "τ Q", "distance": "τ / Q"}
_SHOWN_C: Final = 0.5  # of the slider while C is chosen by the view and not yet computed


def build(services: Services, visit: Visit, tab: gr.Tab) -> None:
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
    ) -> tuple[Any, str, Any]:
        free = gr.update(interactive=variant == "slide" and not joined)
        shown = None if joined else C
        try:
            curves = q_curves(variant, L=L, eps=eps, C=shown, tau=tau, q_on=q_on)
        except ConfigError as error:
            return gr.skip(), refusal(text.Q_REFUSED, str(error)), free
        figure = similarity_curves(curves, metric, control, demand=_DEMANDS[q_on], marked=marked)
        if joined:
            free = gr.update(interactive=False, value=round(curves.continuous_C, 3))
        return figure, sentences(text.q_explained(curves, q_on=q_on)), free

    with gr.Row(elem_classes="sadal-columns"):
        with gr.Column(scale=4, min_width=300):
            controls = _controls(start)
            reset = gr.Button(text.Q_RESET, size="sm", elem_id="sadal-q-reset")
            words = plain_html(elem_id="sadal-q-words")
        with gr.Column(scale=7, min_width=320):
            figure = gr.Plot(show_label=False, container=False, elem_id="sadal-q-figure")
            caption = text.q_caption(metric is not None)
            plain_html(f'<p class="sadal-hint">{caption}</p>', elem_id="sadal-q-caption")
    gr.on(
        None, draw_q, [*controls, visit.pairs], [figure, words, controls[4]],
        show_progress="hidden", trigger_mode="always_last", api_visibility="private",
    )  # fmt: skip
    reset.click(lambda: start, None, controls, api_visibility="private")


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
        gr.Radio(_VARIANTS, value=variant, label=text.Q_VARIANT, elem_id="sadal-q-variant"),
        gr.Slider(1, 20, length, step=0.5, label=text.Q_L, elem_id="sadal-q-l"),
        gr.Slider(0.1, 5, curvature, step=0.1, label=text.Q_EPS, elem_id="sadal-q-eps"),
        gr.Checkbox(joined, label=text.Q_JOINED, elem_id="sadal-q-joined"),
        gr.Slider(
            -1, 1, offset, step=0.001, label=text.Q_C, interactive=not joined, elem_id="sadal-q-c"
        ),
        gr.Radio(
            [(text.Q_ON_MARGIN, "margin"), (text.Q_ON_DISTANCE, "distance")], value=q_on,
            label=text.Q_ON, elem_id="sadal-q-on",
        ),
        gr.Slider(0.01, 2, tau, step=0.01, label=text.Q_TAU, elem_id="sadal-q-tau"),
    ]  # fmt: skip
