from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from sadal_core.gallery.stored import Gallery
from sadal_core.hard_negatives import HardNegatives, hard_negatives
from sadal_core.lab.faces import faces_of, toy
from sadal_core.lab.lab import Lab
from sadal_core.lab.picture import Picture, picture
from sadal_core.lab.presets import preset
from sadal_core.lab.turns import read_turns


def lab_on(data: str, gallery: Gallery | None, turns: str = "5b", name: str = "corrected") -> Lab:
    lab = Lab(toy() if gallery is None else faces_of(gallery), preset(name, data))
    lab.replay(read_turns(turns))
    return lab


@pytest.fixture(scope="module")
def on_faces(gallery: Gallery) -> Lab:
    return lab_on("faces", gallery)


@pytest.fixture(scope="module")
def on_toy() -> Lab:
    return lab_on("toy", None)


@pytest.fixture(params=["faces", "toy"])
def lab(request: pytest.FixtureRequest) -> Lab:
    return request.getfixturevalue(f"on_{request.param}")


def x_of(lab: Lab) -> np.ndarray:
    return lab.faces.x[lab.faces.learned[lab.probe.faces]]


def embedded(lab: Lab, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return lab.run.players.model.head(torch.from_numpy(x)).numpy()


def made(lab: Lab) -> HardNegatives:
    """What G makes of the quadruplets of the probe."""
    model, probe = lab.run.players.model, lab.probe
    assert model.generator is not None
    x = torch.from_numpy(x_of(lab))
    objective = lab.config.objective
    return hard_negatives(model.generator, model.head, x, probe.ages, probe.quadruplets, objective)


def shown_rows(lab: Lab) -> np.ndarray:
    """Those of the first quadruplets: the younger negatives come first, then all older ones."""
    count, half = len(lab.probe.quadruplets.anchor), len(picture(lab).source) // 2
    assert 10 <= half <= 40
    return np.concatenate([np.arange(half), count + np.arange(half)])


def projection(space: np.ndarray, places: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The one affine map that takes the points of `space` to their places."""
    centre, origin = space.mean(axis=0, dtype=np.float64), places.mean(axis=0)
    axes, _, rank, _ = np.linalg.lstsq(space - centre, places - origin, rcond=None)
    assert rank == space.shape[1]
    np.testing.assert_allclose((space - centre) @ axes + origin, places, atol=1e-5)
    np.testing.assert_allclose(axes.T @ axes, np.eye(2), atol=1e-4)  # a plane, not stretched
    return lambda points: (points - centre) @ axes + origin


def test_generated_negatives_are_where_the_planes_of_the_samples_put_them(lab: Lab) -> None:
    shown, negatives, rows = picture(lab), made(lab), shown_rows(lab)
    np.testing.assert_array_equal(shown.source, negatives.source[rows])
    np.testing.assert_array_equal(shown.anchor, negatives.anchor[rows])
    metric = projection(embedded(lab, x_of(lab)), shown.metric)
    np.testing.assert_allclose(
        shown.generated_metric, metric(negatives.embeddings[rows]), atol=1e-4
    )
    if lab.faces.name == "toy":
        np.testing.assert_array_equal(shown.generated_features, negatives.features[rows])
    else:
        features = lab.faces.plane.transform(negatives.features[rows])
        np.testing.assert_allclose(shown.generated_features, features, atol=1e-5)


def test_places_in_features_are_those_of_the_plane_that_stays(on_faces: Lab) -> None:
    expected = on_faces.faces.plane.transform(x_of(on_faces))
    np.testing.assert_allclose(picture(on_faces).features, expected, atol=1e-6)
    later = Lab(on_faces.faces, on_faces.config)
    np.testing.assert_array_equal(picture(later).features, picture(on_faces).features)


def test_the_toy_is_drawn_as_it_is(on_toy: Lab) -> None:
    shown, x = picture(on_toy), x_of(on_toy)
    np.testing.assert_array_equal(shown.features, x)
    np.testing.assert_array_equal(shown.metric, embedded(on_toy, x))
    np.testing.assert_allclose(np.linalg.norm(shown.metric, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(
        shown.generated_metric, embedded(on_toy, shown.generated_features.astype(np.float32))
    )


def test_nothing_is_stretched(lab: Lab) -> None:
    shown, negatives, rows = picture(lab), made(lab), shown_rows(lab)
    spaces = {
        "metric": (embedded(lab, x_of(lab)), negatives.embeddings[rows]),
        "features": (x_of(lab), negatives.features[rows]),
    }
    for name, parts in spaces.items():
        drawn = np.concatenate([getattr(shown, name), getattr(shown, f"generated_{name}")])
        full = np.concatenate(parts).astype(np.float64)
        assert (cdist(drawn, drawn) <= cdist(full, full) + 1e-5).all()


def test_a_space_that_shrinks_is_seen_to_shrink() -> None:
    lab = Lab(toy(), replace(preset("collapse", "toy"), dim=3))
    wide = np.ptp(picture(lab).metric, axis=0)
    lab.replay(read_turns("60b"))
    narrow = np.ptp(picture(lab).metric, axis=0)
    assert (narrow < wide / 2).all()


def test_the_metric_is_seen_where_it_varies_most(on_faces: Lab) -> None:
    embeddings = embedded(on_faces, x_of(on_faces)).astype(np.float64)
    variances = np.linalg.eigvalsh(np.cov(embeddings.T, bias=True))
    drawn = picture(on_faces).metric.var(axis=0).sum()
    assert drawn == pytest.approx(variances[-2:].sum(), rel=1e-4)


def test_the_metric_lies_over_the_features_as_well_as_turning_can_lay_it(on_faces: Lab) -> None:
    shown = picture(on_faces)
    centred = shown.features - shown.features.mean(axis=0)
    far = np.square(shown.metric - centred).sum()
    for angle in np.linspace(0.1, 6.2, 20):
        cos, sin = np.cos(angle), np.sin(angle)
        for mirror in (1, -1):
            turned = shown.metric @ np.array([[cos, sin], [-mirror * sin, mirror * cos]])
            assert np.square(turned - centred).sum() >= far - 1e-9


def test_the_younger_negatives_come_first(lab: Lab) -> None:
    shown = picture(lab)
    gaps = shown.ages[shown.source] - shown.ages[shown.anchor]
    younger, older = np.split(gaps, 2)
    assert (younger < 0).all()
    assert (older > 0).all()
    np.testing.assert_array_equal(shown.ages, lab.faces.ages[lab.faces.learned[lab.probe.faces]])


@pytest.mark.parametrize("data", ["faces", "toy"])
def test_without_a_generator_there_are_samples_alone(data: str, gallery: Gallery) -> None:
    lab = lab_on(data, gallery if data == "faces" else None, "1b", "no generator")
    shown = picture(lab)
    assert len(shown.source) == len(shown.anchor) == 0
    assert shown.generated_features.shape == shown.generated_metric.shape == (0, 2)
    assert len(shown.metric) == len(shown.features) == len(shown.ages) > 300
    projection(embedded(lab, x_of(lab)), shown.metric)


def test_looking_changes_nothing(lab: Lab) -> None:
    before = lab.run.weights()
    first, second = picture(lab), picture(lab)
    for name in Picture.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert all(torch.equal(before[name], value) for name, value in lab.run.weights().items())


def test_embeddings_at_one_point_are_drawn_at_one_point() -> None:
    config = replace(preset("corrected", "toy"), dim=3, learning_rate=10.0, weight_decay=10.0)
    lab = Lab(toy(), config)
    lab.replay(read_turns("19m"))
    assert lab.records[-1]["probe_total_variance"] == 0
    assert np.ptp(picture(lab).metric, axis=0).tolist() == [0, 0]
