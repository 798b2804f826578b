"""One photo: show it, choose a face, save, forget."""

from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from app import map_text, records, text
from app.components.html import plain_html
from app.components.near import nearest_strip
from app.components.panel import details, empty_panel, face_panel, problem_panel
from app.components.snapshot import snapshot_words
from app.components.stage import stage
from app.figures.age_distribution import age_distribution, empty_distribution
from app.services import Photo, Problem, Services, attempt, band_of, read_photo, read_upload
from sadal_core.bundled import ASSETS
from sadal_core.faces.image import decode_file

EXAMPLE: Final = ASSETS / "examples" / "astronaut.jpg"
_CAMERA: Final = {"video": {"width": {"ideal": 640}, "height": {"ideal": 480}}}

Update = dict[Any, Any]


@dataclass(frozen=True)
class _Parts:
    """The parts of the view that change."""

    upload: gr.Image
    stage: gr.HTML
    panel: gr.HTML
    figure: gr.Plot
    details: gr.HTML
    forget: gr.Button
    photo: gr.State

    @property
    def all(self) -> list[Any]:
        return list(vars(self).values())

    @property
    def of_face(self) -> list[Any]:
        return [self.panel, self.figure, self.details]


def build(services: Services, state: gr.State) -> None:
    """Lay out the photo half of the view and wire it."""
    gr.set_static_paths([EXAMPLE])  # not copied among the uploads
    with gr.Row(elem_classes="sadal-columns"):
        with gr.Column(scale=6, min_width=320):
            upload, shown = _photo_area()
            with gr.Row(elem_classes="sadal-actions"):
                example = gr.Button(text.EXAMPLE, icon=EXAMPLE, size="sm", elem_id="sadal-example")
                forget = gr.Button(
                    text.FORGET_NOTHING, interactive=False, size="sm", elem_id="sadal-forget"
                )
            plain_html(f'<p class="sadal-hint">{text.MORE_PHOTOS} {text.EXAMPLE_CREDIT}</p>')
        with gr.Column(scale=5, min_width=320):
            panel = plain_html(empty_panel(), elem_id="sadal-panel")
            figure = gr.Plot(
                empty_distribution(), label=text.FIGURE_LABEL, show_label=False, container=False,
                elem_id="sadal-figure",
            )  # fmt: skip
            plain_html(f'<p class="sadal-hint">{text.FIGURE_CAPTION}</p>')
            rest = plain_html(elem_id="sadal-details")
    parts = _Parts(upload, shown, panel, figure, rest, forget, state)
    _wire(services, parts, example)


def _photo_area() -> tuple[gr.Image, gr.HTML]:
    """Where a photo comes in and, in the same place, where its result is shown."""
    upload = gr.Image(
        type="filepath",
        sources=["upload", "webcam", "clipboard"],
        label=text.PHOTO_LABEL,
        show_label=False,
        placeholder=text.PHOTO_PLACEHOLDER,
        buttons=[],
        webcam_options=gr.WebcamOptions(constraints=_CAMERA),
        alt_text=text.PHOTO_LABEL,
        elem_id="sadal-photo",
        elem_classes="sadal-area",
    )
    shown = plain_html(
        script="stage.js",
        visible="hidden",
        elem_id="sadal-stage",
        elem_classes="sadal-area",
    )
    snapshot_words()
    return upload, shown


def _wire(services: Services, parts: _Parts, example: gr.Button) -> None:
    busy = [parts.upload, parts.stage]

    def uploaded(upload: dict[str, Any] | None) -> Update:
        if not upload:
            return _cleared(parts)
        return _shown(services, parts, attempt(lambda: read_upload(services, upload)))

    def shown_example() -> Update:
        read = lambda: read_photo(services, decode_file(EXAMPLE), EXAMPLE.name)  # noqa: E731
        return _shown(services, parts, attempt(read))

    def chosen(photo: Photo | None, event: gr.EventData) -> Update:
        if photo is None:
            return _of_problem(parts, Problem(text.PROBLEM_TITLE, text.FORGOTTEN))
        return _of_face(services, parts, photo, face_index(event._data, len(photo.faces)))

    def forgotten() -> Update:
        return _cleared(parts)

    options: dict[str, Any] = {"api_visibility": "private"}
    # Without Gradio's own decoding every file takes the one way that the command line takes.
    parts.upload.input(
        uploaded, parts.upload, parts.all, preprocess=False, show_progress_on=busy, **options
    )
    example.click(shown_example, None, parts.all, show_progress_on=busy, **options)
    parts.stage.select(
        chosen, parts.photo, parts.of_face, show_progress="hidden",
        trigger_mode="multiple", **options,
    )  # fmt: skip
    parts.forget.click(forgotten, None, parts.all, show_progress="hidden", **options)


def face_index(data: Any, count: int) -> int:
    """The face that the browser asks for; the first one if it asks for none that exists."""
    face = data.get("face") if isinstance(data, dict) else None
    return face if isinstance(face, int) and 0 <= face < count else 0


def _shown(services: Services, parts: _Parts, result: Photo | Problem) -> Update:
    if isinstance(result, Problem):
        return {**_cleared(parts), **_of_problem(parts, result)}
    return {
        parts.upload: gr.update(value=None, visible="hidden"),
        parts.stage: gr.update(value=stage(result.image, result.faces), visible=True),
        parts.forget: gr.update(value=text.FORGET, interactive=True),
        parts.photo: result,
        **_of_face(services, parts, result, 0),
    }


def _of_face(services: Services, parts: _Parts, photo: Photo, index: int) -> Update:
    face = photo.faces[index]
    age, low, high = face.summary
    return {
        parts.panel: face_panel(face, number=index + 1, count=len(photo.faces)),
        parts.figure: age_distribution(face.probabilities, age=age, low=low, high=high),
        parts.details: details(
            photo.name,
            band_of(services.manifest, age),
            json_file=records.as_json(photo.name, photo.faces, services.manifest),
            csv_file=records.as_csv(photo.name, photo.faces),
        )
        + _nearest(services, face),
    }


def _nearest(services: Services, face: Any) -> str:
    """The real samples nearest to a face, where there is a gallery."""
    if isinstance(services.gallery, Problem):
        return ""
    caption = f"{map_text.NEAREST} {map_text.pictures(services.gallery.about)}"
    return nearest_strip(services.gallery, face.embedding, caption)


def _of_problem(parts: _Parts, problem: Problem) -> Update:
    return {
        parts.panel: problem_panel(problem.headline, problem.sentence),
        parts.figure: empty_distribution(),
        parts.details: "",
    }


def _cleared(parts: _Parts) -> Update:
    """The view as it was before the first photo; nothing of the last one is left."""
    return {
        parts.upload: gr.update(value=None, visible=True),
        parts.stage: gr.update(value="", visible="hidden"),
        parts.panel: empty_panel(),
        parts.figure: empty_distribution(),
        parts.details: "",
        parts.forget: gr.update(value=text.FORGET_NOTHING, interactive=False),
        parts.photo: None,
    }
