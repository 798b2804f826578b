import base64
import io
import json
import re
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from app import text
from app.components.figure import figure_view
from app.components.lab_view import lab_view
from app.components.map_view import map_view
from app.components.packed import PackedHTML
from app.components.panel import details, empty_panel, face_panel, notes, problem_panel
from app.components.stage import stage
from sadal_core.faces.quality import QualityWarning
from tests.fakes import BANDS, MANIFEST, estimate_of

IMAGE = np.full((100, 200, 3), 120, np.uint8)


def attributes(html: str, name: str) -> list[str]:
    return re.findall(rf'{name}="([^"]*)"', html)


def test_every_face_has_a_box_in_percent_of_the_picture() -> None:
    faces = [estimate_of(30, left=20, top=10, side=40), estimate_of(8, left=150, top=50, side=20)]
    html = stage(IMAGE, faces)
    assert "left:10.00%;top:10.00%;width:20.00%;height:40.00%" in html
    assert "left:75.00%;top:50.00%;width:10.00%;height:20.00%" in html
    assert attributes(html, "data-face") == ["0", "1", "0", "1"]  # boxes, then the strip


def test_a_box_that_leaves_the_picture_is_drawn_up_to_its_edge() -> None:
    html = stage(IMAGE, [estimate_of(30, left=-20, top=80, side=40)])
    assert "left:0.00%;top:80.00%;width:10.00%;height:20.00%" in html


def test_exactly_one_face_is_marked_as_chosen() -> None:
    html = stage(IMAGE, [estimate_of(age) for age in (20, 30, 40)], selected=1)
    assert attributes(html, "aria-pressed") == ["false", "true", "false"] * 2


def test_a_single_face_needs_no_strip() -> None:
    html = stage(IMAGE, [estimate_of(30)])
    assert "sadal-strip" not in html
    assert "<span>30</span>" in html


def test_in_a_crowd_no_face_is_dropped_and_boxes_carry_numbers() -> None:
    html = stage(IMAGE, [estimate_of(30, left=5 * i) for i in range(30)])
    assert html.count('class="sadal-box"') == html.count('class="sadal-chip"') == 30
    assert "<span>30</span></button>" in html
    assert "30 · 30" not in html


def test_a_large_picture_is_shown_smaller_with_its_proportions() -> None:
    html = stage(np.zeros((1500, 3000, 3), np.uint8), [estimate_of(30)])
    shown = next(url for url in attributes(html, "src") if url.startswith("data:image/jpeg"))
    assert Image.open(io.BytesIO(base64.b64decode(shown.partition(",")[2]))).size == (1280, 640)
    assert "--ratio:2.00000" in html


def test_the_panel_gives_age_interval_and_which_face() -> None:
    face = estimate_of(34)
    html = face_panel(face, number=2, count=3)
    assert '<output id="sadal-age">34</output>' in html
    assert text.interval(face.summary.low, face.summary.high) in html
    assert "Face 2 of 3" in html


@pytest.mark.parametrize("warning", get_args(QualityWarning))
def test_each_warning_is_explained(warning: QualityWarning) -> None:
    html = face_panel(estimate_of(34, warnings=(warning,)), number=1, count=1)
    assert text.WARNINGS[warning] in html
    assert text.WARNING_NAMES[warning]
    assert html.count("<li>") == 1


def test_results_can_be_saved_without_a_file_on_the_server() -> None:
    html = details("my.photo.jpg", BANDS[3], json_file='{"a": 1}', csv_file="a,b\n")
    assert attributes(html, "download") == ["my.photo-ages.json", "my.photo-ages.csv"]
    saved = [base64.b64decode(url.partition(",")[2]) for url in attributes(html, "href")]
    assert saved == [b'{"a": 1}', b"a,b\n"]
    assert "230 held-out faces aged 30–39" in html


def test_without_a_measured_band_that_is_said() -> None:
    assert text.NO_BAND in details("a.jpg", None, json_file="", csv_file="")


@pytest.mark.parametrize("words", ['<img src=x onerror="alert(1)">', "a & b"])
def test_names_and_sentences_cannot_become_markup(words: str) -> None:
    for html in (problem_panel(words, words), details(words, None, json_file="", csv_file="")):
        assert words not in html
        assert "<img src=x" not in html


def test_empty_panel_and_notes_say_what_they_must() -> None:
    assert text.WAITING in empty_panel()
    html = notes(MANIFEST)
    for sentence in (text.NOT_FOR_VERIFICATION, text.PRIVACY, text.training_data(MANIFEST)):
        assert sentence in html


def test_figures_travel_as_one_text_that_the_browser_can_read() -> None:
    for part in (lab_view(), map_view(), figure_view("any")):
        assert isinstance(part, PackedHTML)
        assert part.postprocess(None) is part.value is None
        for value in ({"figures": {"a": [1.5, None]}, "é": "</script>"}, [], {}, "text"):
            packed = part.postprocess(value)
            assert isinstance(packed, str)
            assert json.loads(packed) == value
        with pytest.raises(ValueError, match="JSON"):
            part.postprocess({"x": float("nan")})  # JSON.parse would fail
