from collections import Counter
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sadal_core.errors import ConfigError
from sadal_core.gallery.stored import Gallery
from sadal_core.lab.faces import LAB_DATA, LabFaces, faces_of, split_by_age, toy
from tests.planted_gallery import planted_gallery

TURN = 0.6  # radians, by which the toy is turned
ages_in_years = st.lists(st.integers(0, 120), min_size=1, max_size=300)


def assert_parted(faces: LabFaces) -> None:
    """Two parts that share nothing and leave nothing out, with all ages of ten samples in both."""
    both = np.concatenate([faces.held_out, faces.learned])
    assert sorted(both.tolist()) == list(range(len(faces.ages)))
    parts = [Counter(faces.ages[part].tolist()) for part in (faces.held_out, faces.learned)]
    for age, count in Counter(faces.ages.tolist()).items():
        assert count < 10 or all(part[age] for part in parts)
        assert parts[0][age] <= -(-count // 10)


@given(ages_in_years)
def test_every_age_of_ten_samples_is_learned_from_and_measured_on(ages: list[int]) -> None:
    assert_parted(split_by_age("any", np.zeros((len(ages), 2), np.float32), np.array(ages)))


@given(ages_in_years, st.randoms())
def test_as_many_of_each_age_are_held_out_in_any_order(ages: list[int], random: Random) -> None:
    shuffled = ages.copy()
    random.shuffle(shuffled)
    empty = np.zeros((len(ages), 1), np.float32)
    one, other = (split_by_age("any", empty, np.array(a)) for a in (ages, shuffled))
    assert sorted(one.ages[one.held_out]) == sorted(other.ages[other.held_out])


@pytest.mark.parametrize("name", LAB_DATA)
def test_a_tenth_of_each_data_is_held_out(name: str, gallery: Gallery) -> None:
    faces = LAB_DATA[name](gallery)
    assert faces.name == name
    assert_parted(faces)
    assert len(faces.held_out) == len(faces.ages) // 10


@pytest.mark.parametrize("name", LAB_DATA)
def test_the_same_data_come_again(name: str) -> None:
    one, other = (LAB_DATA[name](planted_gallery()) for _ in range(2))
    np.testing.assert_array_equal(one.features, other.features)
    np.testing.assert_array_equal(one.held_out, other.held_out)


def test_faces_are_those_of_the_gallery_before_sadal() -> None:
    gallery = planted_gallery()
    faces = faces_of(gallery)
    np.testing.assert_array_equal(faces.features, gallery.features)
    np.testing.assert_array_equal(faces.ages, gallery.ages)


def test_without_a_gallery_there_are_no_faces_but_the_toy() -> None:
    with pytest.raises(ConfigError, match=r"no gallery to take faces from\. Take the toy"):
        faces_of(None)
    assert len(toy(None).ages) == 750


@pytest.mark.parametrize("make", [lambda: toy(), lambda: faces_of(planted_gallery(200))])
def test_what_is_learned_from_has_a_mean_of_zero_and_a_length_of_about_one(
    make: Callable[[], LabFaces],
) -> None:
    faces = make()
    learned = faces.x[faces.learned]
    np.testing.assert_allclose(learned.mean(axis=0), 0, atol=1e-6)
    assert np.square(learned).sum(axis=1).mean() == pytest.approx(1, abs=0.01)


def test_held_out_samples_do_not_shift_the_standardisation() -> None:
    faces = toy()
    features = faces.features.copy()
    features[faces.held_out] += 100
    moved = LabFaces("moved", features, faces.ages, faces.held_out)
    np.testing.assert_array_equal(moved.x[moved.learned], faces.x[faces.learned])
    assert (moved.x[moved.held_out] > 50).all()


def test_a_source_has_the_samples_that_were_asked_for() -> None:
    faces = toy()
    source = faces.source(faces.held_out[3:5])
    np.testing.assert_array_equal(source.ages, faces.ages[faces.held_out[3:5]])
    plain = source.plain(np.arange(2)).numpy()
    np.testing.assert_array_equal(plain, faces.features[faces.held_out[3:5]])


def test_one_direction_of_the_toy_tells_the_age_and_the_other_nothing() -> None:
    faces = toy()
    told = faces.features @ [np.cos(TURN), np.sin(TURN)]
    untold = faces.features @ [-np.sin(TURN), np.cos(TURN)]
    assert np.corrcoef(told, faces.ages)[0, 1] > 0.97
    assert abs(np.corrcoef(untold, faces.ages)[0, 1]) < 0.1
    assert untold.std() == pytest.approx(told.std(), rel=0.1)
    for axis in faces.features.T:  # neither axis is the answer
        assert 0.4 < np.corrcoef(axis, faces.ages)[0, 1] < 0.9
    assert set(faces.ages.tolist()) == set(range(70))


def test_the_plane_is_the_one_in_which_x_varies_most() -> None:
    faces = faces_of(planted_gallery(200))
    axes = np.asarray(faces.plane.components_)
    np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-5)
    learned = faces.x[faces.learned].astype(np.float64)
    variances = np.linalg.eigvalsh(np.cov(learned.T))
    assert faces.plane.transform(learned).var(axis=0).sum() == pytest.approx(
        variances[-2:].sum(), rel=0.01
    )
