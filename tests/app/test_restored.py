from typing import Any
from urllib.parse import urlencode

import pytest

from app.services import Photo
from app.tabs.metric_space.links import view_of
from app.view import Pick, View
from sadal_core.gallery.stored import Gallery
from tests.fakes import estimate_of, services_for
from tests.page import Page, event, notes, page_of, visitor
from tests.planted_gallery import stored_gallery


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return stored_gallery(tmp_path_factory.mktemp("gallery"))


@pytest.fixture(scope="module")
def page(gallery: Gallery) -> Page:
    return page_of(gallery)


@pytest.mark.parametrize(
    "view",
    [
        View(),
        View("pca3", "both"),
        View("umap", "both", 0, Pick("quadruplet", 5)),
        View("umap", "after", 1, Pick("real", 13)),
        View("joint", "after", None, Pick("generated", 40)),
        View("umap3", "before", None, Pick("real", 0)),
    ],
)
def test_what_the_map_tells_restores_it(page: Page, gallery: Gallery, view: View) -> None:
    shown = page.call("shown_as", view.kind, view.space, view, None)
    told = shown["sadal-map"]["texts"]
    answer = page.opened(urlencode({"view": "map", **told}))
    assert notes(answer) == []
    restored = answer["sadal-map"]
    if view.pick is None:  # what is chosen first is then chosen
        assert restored["texts"].pop("pick").startswith("quadruplet:")
        assert restored["texts"] == told
        return
    assert restored == shown["sadal-map"]
    assert (answer["sadal-map-kind"], answer["sadal-map-space"]) == (view.kind, view.space)
    assert answer["sadal-picked"] == shown["sadal-picked"]
    assert view_of(gallery, told, View()) == (view, [])


def test_faces_of_the_visitor_are_on_a_map_that_a_link_restores(page: Page) -> None:
    photo = Photo("me.png", estimate_of(33).crop, (estimate_of(33),))
    query = "view=map&kind=pca&space=after"
    alone, visited = (page.opened(query, who)["sadal-map"]["marks"] for who in (None, photo))
    assert "estimated 33 years" in str(visited)
    assert "estimated 33 years" not in str(alone)


@pytest.mark.parametrize("joined", [True, False])
def test_what_q_tells_restores_it(page: Page, joined: bool) -> None:
    ids = ("variant", "l", "eps", "joined", "c", "on", "tau")
    (draw,) = page.handlers["draw_q"]
    told = draw("slide", 7.5, 0.9, joined, -0.25, "distance", 0.31, ())[3]
    answer = page.opened(urlencode({"view": "q", **told["texts"]}))
    assert notes(answer) == []
    controls = [answer[f"sadal-q-{name}"] for name in ids]
    assert [*controls[:4], *controls[5:]] == ["slide", 7.5, 0.9, joined, "distance", 0.31]
    assert joined or controls[4] == -0.25
    assert draw(*controls, ())[3] == told


def test_what_the_hard_negatives_tell_restores_them(page: Page) -> None:
    asked = (40, 25, 60, "midpoint", 3)
    shown = page.call("drawn_again", *asked)
    told = shown["sadal-link"]
    assert told == {
        "view": "hard",
        "texts": {"age": "40", "younger": "25", "older": "60", "generator": "midpoint",
                  "draw": "4"},
    }  # fmt: skip
    answer = page.opened(urlencode({"view": "hard", **told["texts"]}))
    assert notes(answer) == []
    assert {**told, **answer["sadal-link"]} == answer["sadal-link"]
    assert answer["sadal-hard-detail"] == shown["sadal-hard-detail"]
    names = ("age", "younger", "older", "generator")
    controls = [answer[f"sadal-hard-{name}"] for name in names]
    assert [*controls, answer["State"]] == [40, 25, 60, "midpoint", 4]
    again = page.call("described", *controls, answer["State"])
    assert again["sadal-link"] == told
    # ages that no quadruplet has are refused, and the link stays at the last one
    answer = page.opened("view=hard&age=40&younger=60&older=60&draw=99999")
    assert notes(answer) == ["draw=99999 was left out: there is no such number here."]
    assert "must be younger" in answer["sadal-hard-detail"]
    assert "view" not in answer["sadal-link"]


def test_what_a_training_tells_restores_it_turn_by_turn(page: Page) -> None:
    start = "view=train&data=toy&preset=midpoint&batch_size=32&tau=0.2&C=0.6&seed=5"
    answer = page.opened(f"{start}&turns=3b1m")
    assert notes(answer) == []
    controls = inputs(page, answer)
    held = {name: answer[f"sadal-lab-{name}"] for name in ("seed", "tau", "C", "batch_size")}
    assert held == {"seed": 5, "tau": 0.2, "C": 0.6, "batch_size": 32}
    whole = replayed(page, controls)
    texts = {**answer["sadal-lab"]["texts"], "turns": whole["turns"]}
    assert whole["turns"] == "3b1m"
    again = page.opened(urlencode({"view": "train", **texts}))
    assert notes(again) == []
    assert inputs(page, again) == controls
    assert again["sadal-lab"]["texts"] == answer["sadal-lab"]["texts"]
    restored = replayed(page, controls)
    assert restored | {"run": 0} == whole | {"run": 0}


def inputs(page: Page, answer: dict[str, Any]) -> list[Any]:
    """The controls of the Train view as an answer has them, in the order of its handlers."""
    (made,) = [f for f in page.demo.fns.values() if f.name == "turned"]
    return [answer[str(part.elem_id)] for part in made.inputs]


def replayed(page: Page, controls: list[Any]) -> dict[str, Any]:
    """The last frame of a training that is made again, with all records."""
    frame: dict[str, Any] = {"left": 1}
    while frame["left"]:
        frame = page.call("turned", visitor(), event({"turn": "again"}), *controls)["sadal-lab"]
        assert frame["problem"] == ""
    return frame


def test_settings_that_the_controls_do_not_have_are_left_out(page: Page) -> None:
    answer = page.opened("view=train&data=toy&L=30&dim=7&learning_rate=0.0123&positive=0.123")
    assert notes(answer) == [
        "L=30 was left out: its control on this page has no such value.",
        "dim=7 was left out: its control on this page has no such value.",
    ]
    assert answer["sadal-lab"]["texts"] == {
        "data": "toy", "preset": "corrected", "learning_rate": "0.0123", "positive": "0.123",
    }  # fmt: skip
    told = page.opened("view=train&data=toy&L=nan&C=0.9&batch_size=1e9&what=1&turns=4x")
    assert [note.split("=")[0].split(" ")[0] for note in notes(told)] == [
        "L", "C", "batch_size", "turns", "what",
    ]  # fmt: skip
    assert told["sadal-lab"]["texts"] == {"data": "toy", "preset": "corrected"}


def test_without_a_gallery_a_link_finds_the_toy_and_says_so_where_faces_are_asked_for() -> None:
    bare = Page(services_for([]))
    answer = bare.opened("view=train")
    assert notes(answer) == []
    assert answer["sadal-lab-data"] == "toy"
    answer = bare.opened("view=train&data=faces&preset=paper&tau=1")
    assert notes(answer) == ["There is no gallery to take faces from. Take the toy instead."]
    assert answer["sadal-lab"]["texts"] == {"data": "toy", "preset": "paper"}
    assert notes(bare.opened("view=map&kind=pca")) == ["kind was left out."]
