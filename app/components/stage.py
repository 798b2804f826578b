"""The picture with its numbered faces, as HTML; every box is a button that selects its face."""

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from app import text

if TYPE_CHECKING:  # at run time this would import torch
    from sadal_core.pipeline import FaceEstimate

_SHOWN_SIDE: Final = 1280  # px; the browser shows less, the estimate used all
_LABELS_WITH_AGE: Final = 8  # more faces than this, and only numbers fit on the boxes


def stage(image: np.ndarray, faces: "Sequence[FaceEstimate]", selected: int = 0) -> str:
    """HTML of the picture, its boxes and, for several faces, a strip to choose from."""
    height, width = image.shape[:2]
    boxes = "".join(
        _box(i, face, image.shape, len(faces), selected) for i, face in enumerate(faces)
    )
    strip = _strip(faces, selected) if len(faces) > 1 else ""
    return (
        f'<figure class="sadal-figure" aria-label="{text.STAGE_LABEL}">'
        f'<div class="sadal-frame"><div class="sadal-picture" style="--ratio:{width / height:.5f}">'
        f'<img src="{_jpeg_url(image)}" alt="{text.STAGE_LABEL}">{boxes}</div></div>'
        f"{strip}</figure>"
    )


def data_url(data: bytes, mime: str) -> str:
    """`data` as a URL, so that nothing has to be stored to be shown or saved."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def crop_url(crop: np.ndarray) -> str:
    """An aligned crop as a PNG."""
    out = io.BytesIO()
    Image.fromarray(crop).save(out, "PNG")
    return data_url(out.getvalue(), "image/png")


def _jpeg_url(image: np.ndarray) -> str:
    shown = Image.fromarray(image)
    shown.thumbnail((_SHOWN_SIDE, _SHOWN_SIDE))
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=88)
    return data_url(out.getvalue(), "image/jpeg")


def _box(
    number: int, face: "FaceEstimate", shape: tuple[int, ...], count: int, selected: int
) -> str:
    size = np.array([shape[1], shape[0], shape[1], shape[0]])
    left, top, right, bottom = np.clip(100 * face.face.box / size, 0, 100)
    age = text.years(face.summary.age)
    tag = f"{number + 1} · {age}" if count <= _LABELS_WITH_AGE else str(number + 1)
    label = tag if count > 1 else age
    return (
        f'<button type="button" class="sadal-box" data-face="{number}" '
        f'aria-pressed="{_flag(number == selected)}" '
        f'aria-label="{escape(text.face_label(number + 1, age))}" '
        f'style="left:{left:.2f}%;top:{top:.2f}%;'
        f'width:{right - left:.2f}%;height:{bottom - top:.2f}%">'
        f"<span>{label}</span></button>"
    )


def _strip(faces: "Sequence[FaceEstimate]", selected: int) -> str:
    chips = "".join(
        f'<button type="button" class="sadal-chip" data-face="{i}" '
        f'aria-pressed="{_flag(i == selected)}" '
        f'aria-label="{escape(text.face_label(i + 1, text.years(face.summary.age)))}">'
        f'<img src="{crop_url(face.crop)}" alt=""><span>{i + 1}</span>'
        f"<b>{text.years(face.summary.age)}</b></button>"
        for i, face in enumerate(faces)
    )
    return f'<div class="sadal-strip" role="group" aria-label="{text.PICKER_LABEL}">{chips}</div>'


def _flag(value: object) -> str:
    return "true" if value else "false"
