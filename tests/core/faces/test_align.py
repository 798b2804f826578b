import numpy as np
import pytest

from sadal_core.faces.align import ARCFACE_112, OUTSIDE, CropSpec, align, centre, outside_share

SPEC = CropSpec(size=112, margin=8)


def waves(x: np.ndarray, y: np.ndarray, scale: float) -> np.ndarray:
    """A smooth pattern over the plane, of about the same detail in any crop; (..., 3) in 0..255."""
    phases = (0.07 * x + 0.02 * y, 0.03 * x - 0.06 * y, 0.05 * x + 0.05 * y)
    return np.stack([127 + 100 * np.sin(scale * phase) for phase in phases], axis=-1)


def matrix(scale: float, degrees: float, shift: tuple[float, float]) -> np.ndarray:
    """Similarity (2, 3) from the canvas to a picture."""
    angle = np.deg2rad(degrees)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, shift[0]], [sin, cos, shift[1]]])


def applied(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ transform[:, :2].T + transform[:, 2]


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.7, 2.5, 7.0])
@pytest.mark.parametrize("degrees", [0, 25, -70, 180])
def test_a_known_similarity_transform_is_undone(scale: float, degrees: float) -> None:
    middle = 70 * scale + 60
    centred = matrix(scale, degrees, (0, 0))
    placed = matrix(scale, degrees, tuple(middle - applied(centred, np.array([64.0, 64.0]))))
    side = round(3 * middle)
    y, x = np.mgrid[:side, :side].astype(float)
    picture = waves(x, y, 1 / scale).astype(np.uint8)

    crop = align(picture, applied(placed, SPEC.template), SPEC)

    row, column = np.mgrid[: SPEC.canvas, : SPEC.canvas].astype(float)
    there = applied(placed, np.stack([column, row], axis=-1).reshape(-1, 2))
    expected = waves(there[:, 0], there[:, 1], 1 / scale).reshape(SPEC.canvas, SPEC.canvas, 3)
    inside = ((there >= 1) & (there < side - 2)).all(axis=1).reshape(SPEC.canvas, SPEC.canvas)
    assert inside.mean() > 0.6
    error = np.abs(crop[inside] - expected[inside])
    assert error.mean() < 1.5
    assert error.max() < 8


def test_landmarks_on_the_template_leave_the_picture_as_it_is(rng: np.random.Generator) -> None:
    picture = rng.integers(0, 256, (SPEC.canvas, SPEC.canvas, 3), dtype=np.uint8)
    np.testing.assert_array_equal(align(picture, SPEC.template, SPEC), picture)


def test_the_template_scales_with_the_crop_and_moves_with_its_margin() -> None:
    np.testing.assert_allclose(CropSpec(112, 0).template, ARCFACE_112)
    np.testing.assert_allclose(CropSpec(224, 5).template, np.array(ARCFACE_112) * 2 + 5)


@pytest.mark.parametrize("shift", [(0, 0), (13, 40), (-30, 7)])
def test_the_centre_of_the_canvas_is_the_crop_without_margin(
    shift: tuple[int, int], rng: np.random.Generator
) -> None:
    picture = rng.integers(0, 256, (200, 180, 3), dtype=np.uint8)
    bare = CropSpec(size=112, margin=0)
    landmarks = bare.template + shift
    np.testing.assert_array_equal(
        centre(align(picture, landmarks, SPEC), SPEC), align(picture, landmarks, bare)
    )


def test_centre_takes_single_crops_and_batches_alike(rng: np.random.Generator) -> None:
    crops = rng.integers(0, 256, (3, SPEC.canvas, SPEC.canvas, 3), dtype=np.uint8)
    assert centre(crops, SPEC).shape == (3, 112, 112, 3)
    np.testing.assert_array_equal(centre(crops, SPEC)[1], centre(crops[1], SPEC))
    np.testing.assert_array_equal(centre(crops, SPEC)[1, 0, 0], crops[1, 8, 8])


def test_a_huge_face_is_averaged_rather_than_sampled() -> None:
    checkers = np.indices((3000, 3000)).sum(axis=0) % 2 * 255
    picture = np.repeat(checkers[..., None], 3, axis=2).astype(np.uint8)
    crop = align(picture, (SPEC.template - SPEC.margin) * 25.0 + 90, SPEC)
    inner = centre(crop, SPEC).astype(float)
    assert abs(inner.mean() - 127.5) < 2
    assert inner.std() < 4  # sampling would give a moire of black and white


def test_a_tiny_face_is_enlarged_to_the_same_place() -> None:
    picture = np.zeros((30, 30, 3), np.uint8)
    picture[:, 15:] = 255
    landmarks = (SPEC.template - SPEC.template.mean(axis=0)) * 0.05 + (14.5, 15)
    crop = align(picture, landmarks, SPEC)[64, :, 0].astype(int)
    edge = int(np.argmin(np.abs(crop - 127)))
    assert abs(edge - SPEC.template.mean(axis=0)[0]) < 3
    assert crop[40] < 30
    assert crop[90] > 225


@pytest.mark.parametrize("point", [(20.0, 20.0), (-500.0, 1e4)])
def test_coincident_landmarks_still_give_a_crop(point: tuple[float, float]) -> None:
    crop = align(np.zeros((40, 50, 3), np.uint8), np.tile(np.array(point), (5, 1)), SPEC)
    assert crop.shape == (SPEC.canvas, SPEC.canvas, 3)
    assert 0 <= outside_share((40, 50), np.tile(np.array(point), (5, 1)), SPEC) <= 1


def test_where_the_crop_reaches_past_the_picture_it_has_the_mean_colour() -> None:
    white = np.full((60, 60, 3), 255, np.uint8)
    far = align(white, SPEC.template + 1000, SPEC)
    assert (far == OUTSIDE).all()
    cut = align(white, SPEC.template, SPEC)
    assert (cut[:60, :60] == 255).all()
    assert (cut[61:] == OUTSIDE).all()


@pytest.mark.parametrize(
    ("scale", "degrees", "shift"),
    [(1.0, 0, (0, 0)), (1.0, 0, (-40, 0)), (2.0, 30, (50, -60)), (0.5, -45, (90, 90))],
)
def test_outside_share_counts_points_of_the_crop_outside_the_picture(
    scale: float, degrees: float, shift: tuple[float, float]
) -> None:
    height, width = 90, 130
    to_picture = matrix(scale, degrees, shift)
    outside = 0
    for row in range(16):
        for column in range(16):
            canvas = np.array([column + 0.5, row + 0.5]) * 112 / 16 + SPEC.margin
            x, y = applied(to_picture, canvas)
            outside += not (0 <= x < width and 0 <= y < height)
    assert outside not in (0, 256)
    share = outside_share((height, width, 3), applied(to_picture, SPEC.template), SPEC)
    assert share == pytest.approx(outside / 256, abs=1 / 256)


def test_outside_share_is_zero_inside_and_one_far_away() -> None:
    assert outside_share((200, 200), SPEC.template, SPEC) == 0
    assert outside_share((200, 200), SPEC.template + 1000, SPEC) == 1
