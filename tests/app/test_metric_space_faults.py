"""What once went wrong in the views of the map."""

import inspect
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from app.generated import Wanted, drawn_quadruplet
from app.main import build_demo
from app.scene import marks
from app.tabs.hard_negatives import answers as hard
from app.tabs.metric_space import answers
from app.view import Pick, View, distances, pairs
from sadal_core.errors import DataError, WeightsError
from sadal_core.gallery.query import quadruplet
from sadal_core.gallery.stored import Gallery
from tests.fakes import services_for
from tests.planted_gallery import planted_gallery, stored_gallery

PICK = Pick("quadruplet", 3)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return stored_gallery(tmp_path_factory.mktemp("gallery") / "it's #1")


def test_names_of_files_are_text_and_no_markup(gallery: Gallery) -> None:
    ids = gallery.ids.astype(object)
    ids[3] = "<script>alert(1)</script>"
    html = answers.about_pick(replace(gallery, ids=ids.astype(str)), View(pick=Pick("real", 3)))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_before_the_generator_learns_it_has_no_marks() -> None:
    gallery = planted_gallery()
    assert gallery.epochs is not None
    for epoch, generating in enumerate(gallery.epochs.generating):
        figure: Any = marks(gallery, View(epoch=epoch, pick=PICK))[0]
        names = {trace.name for trace in figure.data}
        assert {"anchor", "positive", "younger", "older"} <= names
        assert ("generated" in names) == bool(generating)


def test_an_epoch_tells_nothing_about_the_space_before(gallery: Gallery) -> None:
    about = json.loads(json.dumps(dict(gallery.about)))
    about["maps"]["epochs"] = [{"trustworthiness": 0.111, "overlap": 0.22}] * 3
    html = answers.believe(replace(gallery, about=about), View(space="both", epoch=0))
    known = about["maps"]["faithfulness"]["before-umap"]
    assert "After SADAL: trustworthiness 0.111" in html
    assert f"Before SADAL: trustworthiness {known['trustworthiness']:.3f}" in html
    assert "has no place here" in html


def test_linear_maps_do_not_speak_of_placing(gallery: Gallery) -> None:
    assert "Placing" in answers.believe(gallery, View())
    assert "Placing" not in answers.believe(gallery, View("pca"))


def test_a_generator_that_cannot_be_used_leaves_the_others(gallery: Gallery) -> None:
    def generate(*arguments: object) -> None:
        raise WeightsError("linear.safetensors is damaged. Train it again.")

    services = replace(services_for([]), gallery=gallery, generate=generate)
    answer: Any = hard.comparison(services, gallery, {"linear": "linear, as released"})
    figure, table, problems = answer
    assert len(table) == 0
    assert [trace.name for trace in figure.data] == ["real negative"]
    assert "linear.safetensors is damaged" in problems


def test_a_cleared_age_is_asked_for(gallery: Gallery) -> None:
    with pytest.raises(DataError, match="Choose an age"):
        drawn_quadruplet(gallery, Wanted(30, None, 40))  # type: ignore[arg-type]


@pytest.mark.parametrize("place", [float("inf"), -float("inf"), 1e300, 0, None, -5])
def test_no_place_is_too_far(gallery: Gallery, place: float | None) -> None:
    pick, shown = answers.by_rank(gallery, None, place, 0)
    assert 1 <= shown <= gallery.generated // 2
    assert 0 <= pick.row < gallery.generated // 2


def test_addresses_of_pictures_hold_for_every_folder(gallery: Gallery) -> None:
    value = answers.whole_map(services_for([]), gallery, View(), None)
    assert "it%27s%20%231" in value["sheet"]["url"]
    assert Path(gallery.sheet or "").is_file()


def test_pairs_of_the_chosen_quadruplet_are_those_of_the_finished_metric(gallery: Gallery) -> None:
    made = pairs(gallery, View("pca", "before", pick=PICK))
    rows = quadruplet(gallery, PICK.row).rows
    ages = gallery.negatives
    for row, real, generated in zip(rows, made[::2], made[1::2], strict=True):
        measured = distances(gallery, View(), "after", row)
        gap = int(np.abs(ages["anchor_age"][row] - ages["source_age"][row]))
        assert (real.kind, real.gap, real.distance) == ("real", gap, measured["before"])
        assert (generated.kind, generated.gap) == ("generated", gap)
        assert generated.distance == measured["after"]
    assert pairs(gallery, View()) == ()


def test_what_the_browser_sends_along_is_never_that_of_an_earlier_event(gallery: Gallery) -> None:
    demo = build_demo(replace(services_for([]), gallery=gallery))
    reading = [
        made
        for made in demo.fns.values()
        if made.fn is not None
        and gr.EventData in [p.annotation for p in inspect.signature(made.fn).parameters.values()]
    ]
    assert {made.name for made in reading} >= {"at_epoch", "clicked", "chosen"}
    for made in reading:
        assert made.trigger_mode == "multiple", made.name
