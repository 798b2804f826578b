import cv2
import numpy as np
import pytest

from sadal_core.errors import DataError
from sadal_core.methods.pixels.descriptors import DESCRIPTORS, SIDE, pixels, scattering
from tests import planted_faces

COLUMNS = {"bif": 4396, "scattering": 3904, "pixels": 3600}
LARGE = {"bif": 1, "scattering": 0.05, "pixels": 20}  # differences that no rounding makes


def crops(count: int = 5) -> np.ndarray:
    """Canvas crops of blurred noise."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (count, 128, 128, 3)).astype(np.uint8)
    blurred = np.stack([cv2.GaussianBlur(one, (0, 0), 3) for one in noise]).astype(float)
    return ((blurred - 127) * 6 + 127).clip(0, 255).astype(np.uint8)


def filled(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((1, 128, 128, 3), colour, np.uint8)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_every_description_has_its_size_and_repeats(name: str) -> None:
    faces = crops()
    before = faces.copy()
    made = DESCRIPTORS[name](faces)
    assert made.shape == (5, COLUMNS[name])
    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    assert made.std() > 0
    assert np.array_equal(DESCRIPTORS[name](faces), made)
    assert np.array_equal(faces, before)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_faces_are_described_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    faces, whole = crops(), DESCRIPTORS[name](crops())
    monkeypatch.setattr("sadal_core.methods.pixels.descriptors._BATCH", 2)
    told: list[tuple[int, int]] = []
    parts = DESCRIPTORS[name](faces, lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]
    np.testing.assert_allclose(parts, whole, rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(DESCRIPTORS[name](faces[3:4]), whole[3:4], rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_a_turned_and_a_mirrored_face_are_described_otherwise(name: str) -> None:
    faces = crops(2)
    made = DESCRIPTORS[name](faces)
    for other in (np.rot90(faces, axes=(1, 2)), faces[:, :, ::-1]):
        assert np.abs(DESCRIPTORS[name](other) - made).max() > LARGE[name]


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_the_margin_of_the_canvas_is_not_read(name: str) -> None:
    faces = crops(1)
    framed = faces.copy()
    framed[:, :8], framed[:, -8:], framed[:, :, :8], framed[:, :, -8:] = 0, 255, 0, 255
    assert np.array_equal(DESCRIPTORS[name](framed), DESCRIPTORS[name](faces))


@pytest.mark.parametrize("name", DESCRIPTORS)
@pytest.mark.parametrize(
    "wrong",
    [np.zeros((2, 112, 112, 3), np.uint8), np.zeros((128, 128, 3), np.uint8),
     np.zeros((2, 128, 128), np.uint8), np.zeros((2, 128, 128, 3), np.float32),
     np.zeros((0, 128, 128, 3), np.uint8)],
)  # fmt: skip
def test_what_is_no_crop_is_refused(name: str, wrong: np.ndarray) -> None:
    with pytest.raises(DataError, match="Crops have to be uint8"):
        DESCRIPTORS[name](wrong)


def test_pixels_are_the_grey_of_rgb_row_after_row() -> None:
    assert SIDE == planted_faces.SIDE
    assert (pixels(filled((255, 0, 0))) == 76).all()  # 0.299 * 255
    assert (pixels(filled((0, 0, 255))) == 29).all()  # 0.114 * 255
    half = filled((0, 0, 0))
    half[:, :64] = 255
    rows = pixels(half).reshape(SIDE, SIDE)
    assert (rows[:30] == 255).all()
    assert (rows[30:] == 0).all()


def test_an_even_face_scatters_nothing_beyond_its_mean() -> None:
    paths = scattering(filled((102, 102, 102))).reshape(61, 8, 8)
    np.testing.assert_allclose(paths[0], 0.4, rtol=1e-3)
    assert np.abs(paths[1:]).max() < 1e-4
    assert np.abs(scattering(crops(1)).reshape(61, 8, 8)[1:]).max() > 0.01
