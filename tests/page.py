"""The page without a browser: its handlers by name, and answers by the id of the part."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gradio as gr
import torch

from app.engine import lab_faces
from app.lab_room import LabRoom
from app.lesson_text import NOTES
from app.lessons import Lesson
from app.main import build_demo
from app.services import Services
from sadal_core.gallery.stored import Gallery
from sadal_core.generator import HardNegativeGenerator
from sadal_core.hard_negatives import HardNegatives, hard_negatives
from sadal_core.metric import MetricModel
from sadal_core.quadruplets import Quadruplets
from sadal_core.training.metric.config import MetricConfig
from tests.fakes import services_for


class Page:
    """A page, and one visitor after the other on it.

    Attributes:
        services: behind it.
        demo: as it is launched.
        parts: by their ids.
        handlers: by their names; where views share one, in the order of the views.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.demo = build_demo(services)
        self.parts: dict[str, Any] = {b.elem_id: b for b in self._blocks() if b.elem_id}
        self.handlers: dict[str, list[Callable[..., Any]]] = {}
        for made in self.demo.fns.values():
            if made.fn is not None:
                self.handlers.setdefault(str(made.name), []).append(made.fn)

    def _blocks(self) -> list[Any]:
        return [b for b in self.demo.blocks.values() if hasattr(b, "elem_id")]

    def call(self, handler: str, *arguments: Any) -> dict[str, Any]:
        """What the last handler of that name answers."""
        return named(self.handlers[handler][-1](*arguments))

    def opened(self, query: str, photo: Any = None) -> dict[str, Any]:
        """What the page becomes when it is opened with an address."""
        return self.call("restore", visitor(), event({"query": query}), photo)

    @property
    def ids(self) -> set[str]:
        """What a browser finds on the page: ids of parts, and of what is inside of them."""
        inside = " ".join(str(getattr(b, "html_template", "")) for b in self._blocks())
        return set(self.parts) | {end.split('"')[0] for end in inside.split(' id="')[1:]}


def named(answer: Mapping[Any, Any]) -> dict[str, Any]:
    """An answer by the ids of the parts; what has none is named by its kind.

    Of the views it is told which one is shown.
    """
    by_id = {part.elem_id or type(part).__name__: value for part, value in answer.items()}
    views = by_id.get("sadal-views")
    return by_id if views is None else by_id | {"sadal-views": views.selected}


def notes(answer: Mapping[str, Any]) -> list[str]:
    """What the page says about a link, without the headline."""
    head, *said = answer["sadal-link"]["notes"] or [NOTES]
    assert head == NOTES
    return said


def page_of(gallery: Gallery, lessons: Mapping[str, Lesson] | None = None) -> Page:
    """A page with a gallery, whose labs learn from it, and with midpoints for generators."""
    services = replace(
        services_for([]), gallery=gallery, generate=midway, generators=("linear", "midpoint"),
        room=LabRoom(lab_faces(gallery)), lessons=(dict(lessons or {}), []),
    )  # fmt: skip
    return Page(services)


def event(data: Any) -> Any:
    """What a part of the page sends."""
    return gr.EventData(None, data)


def visitor(session: str = "somebody") -> Any:
    """A request of a session."""
    return SimpleNamespace(session_hash=session)


def midway(gallery: Gallery, quadruplets: Quadruplets, kind: str) -> HardNegatives:
    """In the place of a model's generators: midpoints, in a metric with random weights."""
    features = torch.from_numpy(gallery.features)
    with torch.random.fork_rng():
        torch.manual_seed(len(kind))
        metric = MetricModel(features.shape[1], dim=gallery.embeddings.shape[1]).eval()
    made = HardNegativeGenerator(features.shape[1], kind="midpoint"), metric.head
    objective = MetricConfig(**gallery.about["config"]).objective
    return hard_negatives(*made, features, gallery.ages, quadruplets, objective)
