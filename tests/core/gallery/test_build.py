import json
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from sadal_core.errors import ConfigError, DataError
from sadal_core.gallery.build import Faces, Training, build_gallery
from sadal_core.gallery.maps import MapSettings
from sadal_core.gallery.placement import place, place_on
from sadal_core.gallery.stored import Gallery
from sadal_core.objective import Objective
from tests.planted_metric import (
    WINDOW,
    fake_umap,
    planted_faces,
    planted_metric,
    planted_training,
    quick_gallery,
)

if TYPE_CHECKING:
    from sadal_core.metric import MetricModel
    from tests.core.gallery.conftest import RealGallery

MAPS = {
    "after-umap", "after-umap3", "after-pca", "before-umap", "before-umap3", "before-pca",
    "after-joint",
}  # fmt: skip


@pytest.fixture
def gallery(real_gallery: "RealGallery") -> Gallery:
    return real_gallery.gallery


@pytest.fixture
def metric(real_gallery: "RealGallery") -> "MetricModel":
    return real_gallery.metric


def squares(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.square(one.astype(np.float64) - other).sum(axis=1)


def test_faces_are_kept_as_they_came(real_gallery: "RealGallery", gallery: Gallery) -> None:
    faces = real_gallery.faces
    np.testing.assert_array_equal(gallery.ids, faces.ids)
    np.testing.assert_array_equal(gallery.ages, faces.ages)
    x = real_gallery.metric.standardise(torch.from_numpy(faces.features)).numpy()
    np.testing.assert_allclose(gallery.features, x, rtol=1e-3, atol=1e-6)
    assert (np.square(x).sum(axis=1)).mean() == pytest.approx(1, abs=0.05)
    # What 16 bits hold: a stored gallery gives the same embeddings again.
    np.testing.assert_array_equal(gallery.features, gallery.features.astype(np.float16))


@torch.no_grad()
def test_embeddings_are_f_of_what_is_stored(gallery: Gallery, metric: "MetricModel") -> None:
    again = metric.head(torch.from_numpy(gallery.features)).numpy()
    np.testing.assert_array_equal(gallery.embeddings, again)
    np.testing.assert_allclose(np.linalg.norm(again, axis=1), 1, atol=1e-5)


def test_neighbours_are_the_nearest_in_the_metric(gallery: Gallery) -> None:
    distances = cdist(gallery.embeddings, gallery.embeddings)
    np.fill_diagonal(distances, np.inf)
    to_samples = cdist(gallery.negative_embeddings, gallery.embeddings)
    for found, far in (
        (gallery.neighbours, distances), (gallery.negative_neighbours, to_samples),
    ):  # fmt: skip
        count = found.shape[1]
        met = np.take_along_axis(far, found.astype(int), axis=1)
        np.testing.assert_allclose(met, np.sort(far, axis=1)[:, :count], atol=1e-4)
        assert all(len(set(row)) == count for row in found.tolist())
    assert gallery.neighbours.shape == (70, 15)
    assert gallery.negative_neighbours.shape == (gallery.generated, 5)


@torch.no_grad()
def test_negatives_are_those_of_g_in_quadruplets(gallery: Gallery, metric: "MetricModel") -> None:
    rows = gallery.negatives
    anchor, positive, source = (rows[name] for name in ("anchor", "positive", "source"))
    half = len(anchor) // 2
    assert gallery.generated == len(anchor) == 2 * gallery.about["data"]["quadruplets"] > 40
    np.testing.assert_array_equal(anchor[:half], positive[half:])  # each is held against its own
    np.testing.assert_array_equal(anchor[half:], positive[:half])
    ages = gallery.ages
    assert (anchor != positive).all()
    np.testing.assert_array_equal(ages[anchor], ages[positive])
    gaps = ages[source] - ages[anchor]
    assert (gaps[:half] < 0).all()
    assert (gaps[half:] > 0).all()
    assert np.abs(gaps).max() <= WINDOW
    x = torch.from_numpy(gallery.features)
    assert metric.generator is not None
    made = metric.generator(*(x[torch.from_numpy(ids)] for ids in (source, anchor, positive)))
    np.testing.assert_allclose(gallery.negative_embeddings, metric.head(made), atol=1e-6)


def test_the_table_agrees_with_the_stored_embeddings(gallery: Gallery) -> None:
    rows, space = gallery.negatives, gallery.embeddings
    np.testing.assert_array_equal(rows["anchor_age"], gallery.ages[rows["anchor"]])
    np.testing.assert_array_equal(rows["source_age"], gallery.ages[rows["source"]])
    anchor = space[rows["anchor"]]
    before = squares(anchor, space[rows["source"]])
    after = squares(anchor, gallery.negative_embeddings)
    np.testing.assert_allclose(rows["distance_before"], before, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(rows["distance_after"], after, rtol=1e-4, atol=1e-6)
    demanded = rows["demanded"]
    np.testing.assert_array_equal(rows["metric_active"], rows["distance_after"] < demanded)
    np.testing.assert_array_equal(rows["real_active"], rows["distance_before"] < demanded)
    for name in ("metric_active", "real_active", "adversary_active"):
        assert 0 < rows[name].mean() < 1


def test_every_map_has_places_for_everyone(gallery: Gallery) -> None:
    assert set(gallery.maps) == set(gallery.negative_maps) == MAPS
    assert set(gallery.about["maps"]["faithfulness"]) == MAPS
    for name in MAPS:
        axes = 2 if name in ("after-umap", "before-umap", "after-joint") else 3
        assert gallery.maps[name].shape == (70, axes)
        assert gallery.negative_maps[name].shape == (gallery.generated, axes)
        for places in (gallery.maps[name], gallery.negative_maps[name]):
            assert places.dtype == np.float32
            assert np.isfinite(places).all()


@torch.no_grad()
def test_generated_negatives_are_placed_without_moving_the_map(
    real_gallery: "RealGallery", gallery: Gallery, metric: "MetricModel"
) -> None:
    np.testing.assert_array_equal(gallery.maps["after-umap"], real_gallery.fitted[0].embedding_)
    rows, x = gallery.negatives, torch.from_numpy(gallery.features)
    assert metric.generator is not None
    ids = (torch.from_numpy(rows[name]) for name in ("source", "anchor", "positive"))
    made = metric.generator(*(x[rows_] for rows_ in ids)).numpy()
    for name, places in gallery.maps.items():
        if name != "after-joint":
            after = name.startswith("after")
            points = gallery.negative_embeddings if after else made
            space = gallery.space("after" if after else "before")
            again = place_on(name, points, space, places)
            np.testing.assert_allclose(gallery.negative_maps[name], again, atol=1e-3)


def test_the_joint_map_moves_as_a_whole(real_gallery: "RealGallery", gallery: Gallery) -> None:
    """Distances between any two points of it are those that UMAP drew, up to the scale."""
    fitted = next(f for f in real_gallery.fitted if len(f.embedding_) == 70 + gallery.generated)
    shown = np.concatenate([gallery.maps["after-joint"], gallery.negative_maps["after-joint"]])
    drawn = cdist(fitted.embedding_, fitted.embedding_) + np.eye(len(shown))
    ratios = (cdist(shown, shown) / drawn)[np.triu_indices(len(shown), 1)]
    np.testing.assert_allclose(ratios, np.median(ratios), rtol=1e-2)
    centres = [gallery.maps[name].mean(axis=0) for name in ("after-joint", "after-umap")]
    np.testing.assert_allclose(*centres, atol=1e-3)


def test_maps_of_before_lie_over_those_of_after(gallery: Gallery) -> None:
    for kind in ("umap", "umap3"):
        before, after = gallery.maps[f"before-{kind}"], gallery.maps[f"after-{kind}"]
        np.testing.assert_allclose(before.mean(axis=0), after.mean(axis=0), atol=1e-3)
        turned = before - 2 * (before - before.mean(axis=0))  # by half a turn, or mirrored in 3D
        assert np.square(before - after).sum() < np.square(turned - after).sum()


def test_the_epochs_end_at_the_finished_metric(gallery: Gallery) -> None:
    epochs, rows = gallery.epochs, gallery.negatives
    assert epochs is not None
    assert epochs.numbers.tolist() == [1, 2, 3]
    assert epochs.generating.tolist() == [False, True, True]
    np.testing.assert_array_equal(epochs.samples[-1], gallery.maps["after-umap"])
    np.testing.assert_array_equal(epochs.negatives[-1], gallery.negative_maps["after-umap"])
    positive = squares(gallery.embeddings[rows["anchor"]], gallery.embeddings[rows["positive"]])
    for name, expected in (
        ("before", rows["distance_before"]), ("after", rows["distance_after"]),
        ("positive", positive),
    ):  # fmt: skip
        stored = getattr(epochs, name)
        assert stored.dtype == np.float16
        np.testing.assert_allclose(stored[-1], expected, rtol=1e-3, atol=1e-6)
        assert not np.allclose(stored[0], expected, rtol=0.1)
    assert len(gallery.about["maps"]["epochs"]) == 3
    last = gallery.about["maps"]["epochs"][-1]
    assert last == gallery.about["maps"]["faithfulness"]["after-umap"]


@torch.no_grad()
def test_each_epoch_is_of_its_own_metric(real_gallery: "RealGallery", gallery: Gallery) -> None:
    epochs, rows = gallery.epochs, gallery.negatives
    assert epochs is not None
    x = torch.from_numpy(gallery.features)
    for number, then in enumerate(real_gallery.training.recorded):
        space = then.metric.head(x).numpy()
        assert then.metric.generator is not None
        ids = (torch.from_numpy(rows[name]) for name in ("source", "anchor", "positive"))
        made = then.metric.head(then.metric.generator(*(x[of] for of in ids))).numpy()
        anchor = space[rows["anchor"]]
        columns = {
            "before": space[rows["source"]], "after": made, "positive": space[rows["positive"]],
        }  # fmt: skip
        for name, other in columns.items():
            stored = getattr(epochs, name)[number]
            np.testing.assert_allclose(stored, squares(anchor, other), rtol=1e-3, atol=1e-6)
        places = place(made, space, epochs.samples[number])
        np.testing.assert_allclose(epochs.negatives[number], places, atol=1e-4)


def test_what_is_known_of_the_gallery_can_be_written(gallery: Gallery) -> None:
    about = json.loads(json.dumps(gallery.about, allow_nan=False))
    assert about["data"]["faces"] == 70
    assert about["data"]["youngest"] == gallery.ages.min()
    assert about["data"]["oldest"] == gallery.ages.max()
    assert about["maps"]["umap"] == {"n_neighbors": 15, "min_dist": 0.1, "seed": 0}
    assert about["maps"]["placed_with"] == 15


def arrays(gallery: Gallery) -> dict[str, np.ndarray]:
    flat = {name: getattr(gallery, name) for name in ("embeddings", "neighbours")}
    for table in ("maps", "negatives", "negative_maps"):
        flat |= {f"{table} {name}": column for name, column in getattr(gallery, table).items()}
    if gallery.epochs is not None:
        flat |= {f.name: getattr(gallery.epochs, f.name) for f in fields(gallery.epochs)}
    return flat


def test_a_seed_gives_one_gallery() -> None:
    first, again = arrays(quick_gallery()), arrays(quick_gallery())
    assert first.keys() == again.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
    other = quick_gallery(settings=MapSettings(seed=1))
    assert not np.array_equal(other.negatives["source"], first["negatives source"])
    assert not np.array_equal(other.maps["after-umap"], first["maps after-umap"])


def test_without_a_recording_there_are_no_epochs() -> None:
    gallery = quick_gallery(epochs=0)
    assert gallery.epochs is None
    assert "epochs" not in gallery.about["maps"]
    assert set(gallery.about["maps"]["agreement"]) == {"generated"}


def test_a_small_gallery_has_all_others_as_neighbours() -> None:
    faces = planted_faces()
    some = np.argsort(faces.ages, kind="stable")[:11]  # of few ages, so that some are shared
    small = Faces(faces.ids[some], faces.ages[some], faces.features[some])
    metric = planted_metric(faces)
    with fake_umap():
        gallery = build_gallery(
            metric, planted_training(faces, metric, epochs=0), small, MapSettings()
        )
    assert gallery.neighbours.shape == (11, 10)
    for row, others in enumerate(gallery.neighbours.tolist()):
        assert sorted([row, *others]) == list(range(11))


def test_each_step_is_announced() -> None:
    faces = planted_faces(40)
    metric, said = planted_metric(faces), []
    with fake_umap():
        build_gallery(
            metric, planted_training(faces, metric), faces, MapSettings(), progress=said.append
        )
    assert len(said) == len(set(said)) == 10  # embeddings, six maps, the joint one, two epochs


def test_a_metric_without_generator_is_refused() -> None:
    faces = planted_faces()
    metric = planted_metric(faces, generator="none")
    with pytest.raises(ConfigError, match="no generator"):
        build_gallery(metric, Training(Objective()), faces, MapSettings())


def test_faces_of_one_age_are_refused() -> None:
    faces = planted_faces()
    metric = planted_metric(faces)
    training = planted_training(faces, metric)
    same = replace(faces, ages=np.full(70, 30))
    with pytest.raises(DataError, match="All 70 samples are 30 years old"):
        build_gallery(metric, training, same, MapSettings())


def test_fewer_faces_than_a_map_takes_are_refused() -> None:
    faces = planted_faces()
    metric = planted_metric(faces)
    nine = Faces(faces.ids[:9], np.repeat([20, 30, 40], 3), faces.features[:9])
    with pytest.raises(DataError, match="at least 10 faces, got 9"):
        build_gallery(metric, planted_training(faces, metric), nine, MapSettings())
