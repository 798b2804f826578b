import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadal_core.faces.tracking import (
    AGE_SECONDS,
    BOX_SECONDS,
    KEEP_SECONDS,
    Sighting,
    Tracking,
    follow,
    iou,
)

FRAME = 0.1  # s


def box(left: float, side: float = 100.0) -> np.ndarray:
    return np.array([left, 0.0, left + side, side])


def certain(age: int) -> np.ndarray:
    return np.eye(101)[age]


def seen(left: float, age: int = 30) -> Sighting:
    return Sighting(box(left), float(age), certain(age))


def test_overlap_is_that_of_a_hand_computed_pair() -> None:
    assert iou(box(0), box(50)) == pytest.approx(50 / 150)
    assert iou(box(0), box(0)) == 1.0
    assert iou(box(0), box(100)) == 0.0
    assert iou(box(0, side=0), box(0, side=0)) == 0.0


def test_a_first_sighting_is_taken_as_it_is() -> None:
    track = follow(Tracking(), [seen(5, age=40)], elapsed=0).visible[0]
    assert track.number == 1
    np.testing.assert_array_equal(track.box, box(5))
    np.testing.assert_array_equal(track.probabilities, certain(40))


def test_a_face_keeps_its_number_while_it_moves() -> None:
    state = Tracking()
    for step in range(20):
        state = follow(state, [seen(10 * step), seen(500 - 10 * step)], elapsed=FRAME)
    assert [track.number for track in state.tracks] == [1, 2]


def test_ages_approach_a_new_value_exponentially_in_time() -> None:
    state = follow(Tracking(), [seen(0, age=20)], elapsed=0)
    state = follow(state, [seen(0, age=60)], elapsed=AGE_SECONDS)
    probabilities = state.visible[0].probabilities
    assert probabilities[20] == pytest.approx(np.exp(-1))
    assert probabilities[60] == pytest.approx(1 - np.exp(-1))
    assert state.visible[0].age == pytest.approx(60 - 40 * np.exp(-1))


def test_boxes_follow_faster_than_ages() -> None:
    state = follow(Tracking(), [seen(0)], elapsed=0)
    moved = follow(state, [seen(20)], elapsed=BOX_SECONDS).visible[0]
    assert moved.box[0] == pytest.approx(20 * (1 - np.exp(-1)))


@given(st.integers(1, 12))
def test_smoothing_does_not_depend_on_the_frame_rate(frames: int) -> None:
    state = follow(Tracking(), [seen(0, age=20)], elapsed=0)
    for _ in range(frames):
        state = follow(state, [seen(0, age=60)], elapsed=1.0 / frames)
    expected = np.exp(-1.0 / AGE_SECONDS)
    assert state.visible[0].probabilities[20] == pytest.approx(expected)


@given(st.lists(st.tuples(st.floats(0, 600), st.integers(0, 100)), max_size=6), st.floats(0, 5))
def test_distributions_sum_to_one_and_every_sighting_is_visible_once(
    faces: list[tuple[float, int]], elapsed: float
) -> None:
    before = follow(Tracking(), [seen(0), seen(300)], elapsed=0)
    state = follow(before, [seen(left, age) for left, age in faces], elapsed=elapsed)
    assert sorted(track.source for track in state.visible) == list(range(len(faces)))
    assert len({track.number for track in state.tracks}) == len(state.tracks)
    for track in state.tracks:
        assert track.probabilities.sum() == pytest.approx(1)


def test_a_short_absence_keeps_the_number_and_a_long_one_does_not() -> None:
    state = follow(Tracking(), [seen(0)], elapsed=0)
    gone = follow(state, [], elapsed=KEEP_SECONDS / 2)
    assert gone.visible == ()
    assert follow(gone, [seen(0)], elapsed=FRAME).visible[0].number == 1
    forgotten = follow(gone, [], elapsed=KEEP_SECONDS)
    assert forgotten.tracks == ()
    assert follow(forgotten, [seen(0)], elapsed=FRAME).visible[0].number == 2


def test_the_best_overlap_wins_when_two_faces_are_near_one_track() -> None:
    state = follow(Tracking(), [seen(0)], elapsed=0)
    state = follow(state, [seen(50), seen(5)], elapsed=FRAME)
    assert {track.source: track.number for track in state.visible} == {1: 1, 0: 2}
