import numpy as np
import pytest

from sadal_core.errors import ConfigError, DataError
from sadal_core.gallery.pictures import FEWEST_AVERAGED, disjoint_groups, k_same, sheet

COUNT, SIDE = 80, 4


class Faces:
    """Random pictures and embeddings; every third face is another picture of the one before."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.pictures = rng.integers(0, 256, (COUNT, SIDE, SIDE, 3), dtype=np.uint8)
        self.embeddings = rng.normal(size=(COUNT, 5)).astype(np.float32)
        self.units = np.arange(COUNT) - (np.arange(COUNT) % 3 == 2)

    def averaged(self, shown: list[int], *, k: int = FEWEST_AVERAGED) -> np.ndarray:
        places = self.embeddings[shown]
        return k_same(self.pictures.__getitem__, self.embeddings, self.units, places, k=k)


def members(count: int, k: int, shown: list[int]) -> list[frozenset[int]]:
    """Who is in each picture: every face's own is white in one place of its own."""
    rng = np.random.default_rng(1)
    side = int(np.ceil(np.sqrt(count)))

    def image(face: int) -> np.ndarray:
        white = np.zeros((side, side, 3), np.uint8)
        white[face // side, face % side] = 255
        return white

    embeddings = rng.normal(size=(count, 5)).astype(np.float32)
    made = k_same(image, embeddings, np.arange(count), embeddings[shown], k=k)
    return [frozenset(np.flatnonzero(picture[:, :, 0]).tolist()) for picture in made]


@pytest.mark.parametrize(("count", "k"), [(400, 30), (61, 30), (59, 30), (333, 41)])
def test_two_pictures_are_the_same_or_have_no_face_in_common(count: int, k: int) -> None:
    found = members(count, k, list(range(count)))
    assert all(k <= len(group) < 2 * k for group in found)
    for group in set(found):
        assert all(group == other or not group & other for other in found)


@pytest.mark.parametrize(("count", "k"), [(500, 30), (64, 32), (7, 2)])
def test_groups_hold_every_face_once_and_faces_that_are_near(count: int, k: int) -> None:
    places = np.random.default_rng(2).normal(size=(count, 3)).astype(np.float32)
    groups = disjoint_groups(places, k)
    assert sorted(np.concatenate(groups).tolist()) == list(range(count))
    assert all(k <= len(group) < 2 * k for group in groups)
    within = np.concatenate([places[group] - places[group].mean(axis=0) for group in groups])
    assert within.var() < 0.9 * places.var()


def test_a_picture_is_the_mean_of_its_group() -> None:
    faces = Faces()
    first = np.unique(faces.units, return_index=True)[1]
    made = faces.averaged([4, 0, 79, 5])  # 54 units: one group
    expected = sum(faces.pictures[face].astype(float) for face in first) / len(first)
    assert np.abs(made - expected).max() <= 0.5 + 1e-9


def test_copies_of_a_face_count_once_however_near_they_are() -> None:
    faces = Faces()
    faces.units = np.r_[np.zeros(20, int), np.arange(1, 61)]
    faces.embeddings[:20] = faces.embeddings[0]  # 20 copies of one white picture
    faces.pictures[:] = 0
    faces.pictures[:20] = 255
    made = faces.averaged([0, 19])
    np.testing.assert_array_equal(made, np.full_like(made, round(255 / 31)))  # of half of 61 units


def test_no_face_moves_a_picture_by_more_than_its_share() -> None:
    faces = Faces()
    faces.pictures[7] = 0
    without = faces.averaged([7, 20]).astype(int)
    faces.pictures[7] = 255
    change = np.abs(faces.averaged([7, 20]) - without)
    assert 0 < change.max() <= 255 / FEWEST_AVERAGED + 1


def test_faces_that_are_near_each_other_share_their_picture() -> None:
    faces = Faces()
    faces.units = np.arange(COUNT)
    near = np.arange(10, 40)  # thirty, far from all others
    faces.embeddings[near] += 100
    faces.pictures[near] = np.arange(SIDE * SIDE * 3).reshape(SIDE, SIDE, 3)
    made = faces.averaged([10, 25])
    np.testing.assert_array_equal(made[1], made[0])


def no_picture(face: int) -> np.ndarray:
    raise AssertionError(f"the picture of face {face} was looked at")


@pytest.mark.parametrize("k", [29, 1, 0, -1])
def test_averages_of_few_faces_are_refused(k: int) -> None:
    faces = Faces()
    with pytest.raises(ConfigError, match=f"at least 30 faces, got {k}"):
        k_same(no_picture, faces.embeddings, faces.units, faces.embeddings[:1], k=k)


def test_too_few_different_faces_are_refused() -> None:
    faces = Faces()
    units = np.arange(COUNT) % 29
    with pytest.raises(DataError, match="averages 30 different faces, and there are 29"):
        k_same(no_picture, faces.embeddings, units, faces.embeddings[:1])
    units[0] = 29
    made = k_same(faces.pictures.__getitem__, faces.embeddings, units, faces.embeddings[:1])
    assert made.shape == (1, SIDE, SIDE, 3)


@pytest.mark.parametrize("count", [1, 2, 5, 9, 12, 13])
def test_each_tile_of_a_sheet_is_where_the_columns_say(count: int) -> None:
    tones = np.arange(1, count + 1, dtype=np.uint8)
    tiles = np.broadcast_to(tones[:, None, None, None], (count, 6, 6, 3)).copy()
    made = sheet(tiles, tile=3)
    rows = made.image.shape[0] // made.tile
    assert made.image.shape == (3 * rows, 3 * made.columns, 3)
    assert rows <= made.columns <= rows + 1  # about square
    seen = []
    for row in range(rows):
        for column in range(made.columns):
            cut = made.image[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            assert cut.min() == cut.max()
            seen.append(int(cut[0, 0, 0]))
    assert seen == [*tones.tolist(), *[0] * (rows * made.columns - count)]


def test_a_tile_is_its_picture_shrunk_by_area() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    made = sheet(picture[None], tile=4)
    means = picture.reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
    assert (made.columns, made.tile) == (1, 4)
    assert np.abs(made.image - means).max() <= 0.5
