import numpy as np

from sadal_core.faces.align import OUTSIDE, CropSpec
from sadal_core.training.augment import Changes, _framed, augment

SPEC = CropSpec()


def test_a_view_depends_on_its_generator_alone(rng: np.random.Generator) -> None:
    crop = rng.integers(0, 256, (128, 128, 3)).astype(np.uint8)
    before = crop.copy()
    views = [augment(crop, SPEC, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(views[0], views[1])
    assert not np.array_equal(views[0], views[2])
    assert np.array_equal(crop, before)
    assert all(view.shape == (112, 112, 3) for view in views)


def test_the_grey_frame_never_hides_a_landmark_and_does_hide_something() -> None:
    white = np.full((128, 128, 3), 255, np.uint8)
    template = np.round(SPEC.template).astype(int)
    hidden = []
    for seed in range(200):
        framed = _framed(white, SPEC, np.random.default_rng(seed))
        assert (framed[template[:, 1], template[:, 0]] == 255).all()
        outside = (framed == OUTSIDE).all(axis=2)
        assert (outside | (framed == 255).all(axis=2)).all()
        hidden.append(outside.mean())
    assert 0.2 < np.mean(hidden) < 0.7


def test_views_stay_near_the_face(astronaut: np.ndarray) -> None:
    """Shift, turn and scale are small: on average the middle of the face stays in the middle."""
    crop = np.zeros((128, 128, 3), np.uint8)
    crop[54:74, 54:74] = 255
    centres = []
    for seed in range(100):
        view = augment(crop, SPEC, np.random.default_rng(seed)).astype(float).mean(axis=2)
        rows, columns = np.nonzero(view > view.max() * 0.9)
        centres.append((rows.mean(), columns.mean()))
    offsets = np.abs(np.array(centres) - 55.5)
    assert offsets.max() < 14
    assert np.abs(np.mean(centres, axis=0) - 55.5).max() < 2


def test_exposure_multiplies_the_light_both_ways_and_cuts_off_at_white() -> None:
    grey = np.full((128, 128, 3), 128, np.uint8)
    middle = (slice(50, 60), slice(50, 60))

    def lights(changes: Changes) -> np.ndarray:
        rngs = [np.random.default_rng(seed) for seed in range(300)]
        return np.array([augment(grey, SPEC, rng, changes)[middle].mean() for rng in rngs])

    usual, varied = lights(Changes(0.0, 0.0)), lights(Changes(1.5, 0.0))
    assert (varied < usual.min()).sum() > 50
    assert (varied > usual.max()).sum() > 50
    assert varied.max() == 255


def test_the_share_of_degraded_views_is_what_was_asked_for(rng: np.random.Generator) -> None:
    fine = rng.integers(0, 256, (128, 128, 3)).astype(np.uint8)

    def differ(share: float) -> float:
        pairs = []
        for seed in range(100):
            whole = augment(fine, SPEC, np.random.default_rng(seed), Changes(0.0, 0.0))
            view = augment(fine, SPEC, np.random.default_rng(seed), Changes(0.0, share))
            pairs.append(not np.array_equal(whole, view))
        return float(np.mean(pairs))

    assert differ(0.0) == 0
    assert differ(1.0) == 1
    assert 0.3 < differ(0.5) < 0.7
