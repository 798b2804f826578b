"""What the page is given: a way to estimate, and what is known about the model.

The estimator is loaded by whoever needs it first, so that the page is served before torch and
MediaPipe have been imported. The one place where an error becomes a sentence is `attempt`.
"""

import base64
import binascii
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app import text
from app.engine import Engine, Estimate, Generate, Standardise, lab_faces, no_generator
from app.lab_room import LabRoom
from app.lessons import BUNDLED_LESSONS, Lesson, load_lessons
from app.results import Results, load_results
from app.tried import Tried, load_tried
from sadal_core.bundled import RESULTS
from sadal_core.errors import NoFaceError, SadalError, UnreadableImageError
from sadal_core.faces.image import decode, decode_file
from sadal_core.gallery.stored import BUNDLED_GALLERY, Gallery, load_gallery
from sadal_core.manifest import BUNDLED_MODEL, check_folder

if TYPE_CHECKING:  # at run time this would import torch
    from sadal_core.pipeline import FaceEstimate

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """Everything the views call.

    Attributes:
        estimate: RGB picture to faces, largest first; safe to call from several threads.
        manifest: what is known about the model.
        warm_up: makes the first `estimate` as fast as the others.
        uploads: folder in which uploads arrive; nothing outside it is ever deleted.
        grace: seconds for which an upload outlives its reading, since the browser fetches the
            picture that it has just sent in order to show it.
        gallery: the faces of the maps, or why there are none.
        standardise: features of the backbone to x, the space before SADAL.
        generate: see `engine.Engine.generate`.
        generators: kinds that it knows besides the model's own.
        room: the trainings of all visitors.
        lessons: by name, and what is wrong with those that were left out.
        results: what the Results view shows.
        tried: networks that were trained for the page, for the same view.
    """

    estimate: Estimate
    manifest: Mapping[str, Any]
    warm_up: Callable[[], None] = lambda: None
    uploads: Path | None = None
    grace: float = 2.0
    gallery: "Gallery | Problem" = field(default_factory=lambda: Problem("", text.NO_GALLERY))
    standardise: Standardise | None = None
    generate: Generate = no_generator
    generators: tuple[str, ...] = ()
    room: LabRoom = field(default_factory=lambda: LabRoom(lab_faces(None)))
    lessons: tuple[dict[str, Lesson], list[str]] = field(default_factory=lambda: ({}, []))
    results: Results = field(default_factory=Results)
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True, eq=False)  # two readings are two photos: Gradio asks whether it changed
class Photo:
    """A picture that was read, and its faces; kept in memory for one session."""

    name: str
    image: np.ndarray
    faces: "tuple[FaceEstimate, ...]"


@dataclass(frozen=True)
class Problem:
    """Why there is no estimate, in words for the user."""

    headline: str
    sentence: str


def load_services(
    folder: Path = BUNDLED_MODEL,
    *,
    uploads: Path | None = None,
    gallery: Path = BUNDLED_GALLERY,
    lessons: Path = BUNDLED_LESSONS,
    results: Path = RESULTS,
) -> Services:
    """Services of the model in `folder`, which is checked now and loaded on first use.

    A gallery that cannot be read, or is of another model, is a problem of the views that show it.

    Raises:
        WeightsError: the model is missing or damaged.
    """
    manifest = check_folder(folder)
    engine = Engine(folder)
    faces = _gallery(gallery, manifest["sha256"])
    stored, (tried, notes) = load_results(results), load_tried(results, manifest)
    return Services(
        engine.estimate,
        manifest,
        engine.warm_up,
        uploads,
        gallery=faces,
        standardise=engine.standardise,
        generate=engine.generate,
        generators=engine.generators,
        room=LabRoom(
            lab_faces(faces if isinstance(faces, Gallery) else None), drawing=engine.drawing
        ),
        lessons=load_lessons(lessons),
        results=replace(stored, notes=stored.notes + notes),
        tried=tried,
    )


def _gallery(folder: Path, model: str) -> "Gallery | Problem":
    try:
        return load_gallery(folder, model=model)
    except SadalError as error:
        _log.warning("%s", error)
        return Problem(text.NO_GALLERY, str(error))


def attempt(action: "Callable[[], Photo]") -> Photo | Problem:
    """What `action` returns, or why it could not."""
    try:
        return action()
    except SadalError as error:
        return Problem(text.headline(error), text.sentence(error))
    except Exception as error:  # the server must go on, and the log must have the cause
        _log.exception("unexpected error while estimating")
        return Problem(text.PROBLEM_TITLE, text.sentence(error))


def read_photo(services: Services, image: np.ndarray, name: str) -> Photo:
    """`image` with its faces.

    Raises:
        NoFaceError: there is none.
    """
    faces = services.estimate(image)
    if not faces:
        raise NoFaceError(text.no_face(name))
    return Photo(name, image, faces)


def read_upload(services: Services, upload: Mapping[str, Any] | None) -> Photo:
    """The picture that Gradio's image part sent, with its faces; an upload is deleted soon after.

    Args:
        services: what to estimate with.
        upload: Gradio's file description: a path in the upload folder, or a data URL.

    Raises:
        UnreadableImageError: nothing was sent, or it is not a picture.
        NoFaceError: there is no face in it.
    """
    if not upload:
        raise UnreadableImageError(text.NO_PICTURE)
    name = str(upload.get("orig_name") or "this picture")
    url = str(upload.get("url") or "")
    if url.startswith("data:"):
        return read_photo(services, decode(from_data_url(url), name=name), name)
    path = Path(str(upload.get("path") or ""))
    if not _uploaded(services, path):
        raise UnreadableImageError(text.NO_PICTURE)
    try:
        image = decode_file(path)
    finally:
        forget_soon(services, path)
    return read_photo(services, image, name)


def from_data_url(url: str) -> bytes:
    """Bytes in a base64 data URL; what is not one gives no bytes, which `decode` explains."""
    try:
        return base64.b64decode(url.partition(",")[2], validate=True)
    except binascii.Error:
        return b""


def forget_soon(services: Services, path: Path) -> None:
    """Delete an upload after the grace; see `forget_file`."""
    timer = threading.Timer(services.grace, forget_file, (services, path))
    timer.daemon = True  # at the end the whole folder goes
    timer.start()


def forget_file(services: Services, path: Path) -> None:
    """Delete an upload and its folder; a path outside the upload folder is left alone."""
    if not _uploaded(services, path):
        return
    path.unlink(missing_ok=True)
    if path.parent != services.uploads:
        with suppress(OSError):  # not empty: it holds what is not ours to delete
            path.parent.rmdir()


def _uploaded(services: Services, path: Path) -> bool:
    """Whether a path lies in the folder of uploads, links followed."""
    uploads = services.uploads
    return uploads is not None and path.resolve().is_relative_to(uploads.resolve())


def band_of(manifest: Mapping[str, Any], age: float) -> Mapping[str, Any] | None:
    """The measured decade of `age` as it is shown, in whole years; none if it was not measured."""
    shown = round(age)
    bands = manifest["bands"]
    return next((band for band in bands if band["low"] <= shown <= band["high"]), None)
