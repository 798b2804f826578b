import base64
from typing import Any

import numpy as np
import pytest

from app import text
from app.components.live_view import live_view
from app.tabs.estimate.live import LiveState, next_frame
from tests.fakes import estimate_of, services_for
from tests.pictures import encoded

FRAME = encoded(np.full((48, 64, 3), 80, np.uint8), "JPEG")


def sent(number: int = 1, content: bytes = FRAME) -> dict[str, Any]:
    url = "data:image/jpeg;base64," + base64.b64encode(content).decode()
    return {"number": number, "image": url}


def test_a_frame_is_answered_with_its_number_size_faces_and_time() -> None:
    answer, _ = next_frame(services_for([estimate_of(25)]), LiveState(), sent(7), now=10.0)
    assert answer["number"] == 7
    assert answer["size"] == [64, 48]
    assert answer["milliseconds"] > 0
    (face,) = answer["faces"]
    assert face["number"] == 1
    assert face["age"] == "25"
    assert face["box"] == [10.0, 10.0, 50.0, 50.0]


def test_ages_are_smoothed_over_time_per_face() -> None:
    _, state = next_frame(services_for([estimate_of(20)]), LiveState(), sent(1), now=0.0)
    answer, state = next_frame(services_for([estimate_of(60)]), state, sent(2), now=0.1)
    soon = int(answer["faces"][0]["age"])
    answer, _ = next_frame(services_for([estimate_of(60)]), state, sent(3), now=9.0)
    assert 20 < soon < 40
    assert answer["faces"][0]["age"] == "60"
    assert answer["faces"][0]["number"] == 1


def test_no_face_is_an_empty_answer_and_not_a_problem() -> None:
    answer, _ = next_frame(services_for([]), LiveState(), sent(), now=0.0)
    assert answer["faces"] == []
    assert "problem" not in answer


@pytest.mark.parametrize(
    "data", [None, [], {"number": 3}, sent(3, b""), sent(3, b"junk"), sent(3, FRAME[:200])]
)
def test_a_bad_frame_is_explained_and_the_tracks_are_kept(data: Any) -> None:
    services = services_for([estimate_of(20)])
    _, state = next_frame(services, LiveState(), sent(), now=0.0)
    answer, after = next_frame(services, state, data, now=0.1)
    assert answer["problem"].startswith("The camera's picture")
    assert after is state


def test_a_failure_of_the_model_is_explained_without_internals() -> None:
    answer, _ = next_frame(services_for(RuntimeError("boom")), LiveState(), sent(), now=0.0)
    assert answer["problem"] == text.UNEXPECTED


def test_the_browser_part_has_words_for_all_it_may_have_to_say() -> None:
    view = live_view()
    said = {"insecure", "asking", "denied", "missing", "busy", "ended", "noface", "slow", "idle"}
    assert said | {"start", "stop"} == set(text.LIVE_WORDS)
    for word in said:
        assert f'"{word}"' in str(view.js_on_load)
