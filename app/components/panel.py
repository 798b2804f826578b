"""The numbers of one face, and what is shown in their place when there are none, as HTML."""

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from app import text
from app.components.stage import crop_url, data_url

if TYPE_CHECKING:  # at run time this would import torch
    from sadal_core.pipeline import FaceEstimate


def face_panel(face: "FaceEstimate", *, number: int, count: int) -> str:
    """Crop, age, interval and warnings of face `number` (from 1) of `count`."""
    summary = face.summary
    which = text.face_of(number, count)
    return _panel(
        f'<img class="sadal-crop" src="{crop_url(face.crop)}" alt="{escape(which)}, aligned">',
        f'<p class="sadal-which">{escape(which)}</p>'
        f'<p class="sadal-age"><output id="sadal-age">{text.years(summary.age)}</output>'
        f"<small>years</small></p>"
        f'<p class="sadal-interval">{text.INTERVAL} '
        f'<output id="sadal-interval">{text.interval(summary.low, summary.high)}</output></p>',
        "".join(f"<li>{escape(text.WARNINGS[name])}</li>" for name in face.warnings),
    )


def empty_panel() -> str:
    """The same layout before the first photo."""
    return _message(text.WAITING_TITLE, text.WAITING, "sadal-waiting")


def problem_panel(headline: str, sentence: str) -> str:
    """Why there is no estimate."""
    return _message(headline, sentence, "sadal-problem")


def details(name: str, band: Mapping[str, Any] | None, *, json_file: str, csv_file: str) -> str:
    """The measured error at this age, and the links that save the results of `name`."""
    error = text.band_error(band) if band else text.NO_BAND
    stem = name.rsplit(".", 1)[0]
    links = "".join(
        f'<a class="sadal-save" download="{escape(stem)}-ages.{kind}" '
        f'href="{data_url(content.encode(), mime)}">{kind.upper()}</a>'
        for kind, mime, content in (
            ("json", "application/json", json_file),
            ("csv", "text/csv", csv_file),
        )
    )
    return (
        f'<p class="sadal-error-band">{escape(error)}</p>'
        f'<p class="sadal-saves"><span>{text.DOWNLOADS}</span> {links}</p>'
    )


def notes(manifest: Mapping[str, Any]) -> str:
    """What everybody should know before believing a number."""
    lines = (text.NOT_FOR_VERIFICATION, text.training_data(manifest), text.PRIVACY)
    items = "".join(f"<li>{escape(line)}</li>" for line in lines if line)
    return f'<ul class="sadal-notes">{items}</ul>'


def header() -> str:
    """Title of the page."""
    return (
        f'<header class="sadal-header"><h1>{text.TITLE}</h1><p>{text.SUBTITLE} '
        f"<strong>{text.NOT_FOR_VERIFICATION_SHORT}</strong></p></header>"
    )


def _panel(picture: str, numbers: str, warnings: str) -> str:
    return (
        f'<section class="sadal-panel" aria-label="{text.PANEL_LABEL}" aria-live="polite">'
        f'<div class="sadal-face">{picture}<div>{numbers}</div></div>'
        f'<ul class="sadal-warnings">{warnings}</ul></section>'
    )


def _message(headline: str, sentence: str, kind: str) -> str:
    return (
        f'<section class="sadal-panel {kind}" aria-label="{text.PANEL_LABEL}" aria-live="polite">'
        f'<div class="sadal-face"><div class="sadal-crop" aria-hidden="true"></div><div>'
        f"<h2>{escape(headline)}</h2><p>{escape(sentence)}</p></div></div>"
        f'<ul class="sadal-warnings"></ul></section>'
    )
