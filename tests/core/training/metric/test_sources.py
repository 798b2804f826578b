import numpy as np
import torch

from sadal_core.features import feature_set
from sadal_core.model import AgeModel
from sadal_core.training.faces import face_sets
from sadal_core.training.metric.config import MetricConfig
from sadal_core.training.metric.sources import LiveFaces, StoredFeatures
from sadal_core.training.metric.start import start_run
from tests.planted import planted_crops

CROPS = planted_crops(120)


def test_live_faces_as_they_are_have_the_stored_features(tiny: AgeModel) -> None:
    train, _ = face_sets([CROPS], fraction=0.3, seed=1)
    stored = feature_set(tiny, CROPS).select(CROPS.holdout(fraction=0.3, seed=1).train)
    positions = np.array([5, 0, 17])
    live = LiveFaces(tiny, train).plain(positions)
    torch.testing.assert_close(live, StoredFeatures(stored).plain(positions))


def test_views_are_drawn_from_the_generator_that_is_given(tiny: AgeModel) -> None:
    stored = StoredFeatures(feature_set(tiny, CROPS))
    live = LiveFaces(tiny, face_sets([CROPS], fraction=0.3, seed=1)[0])
    positions = np.arange(12)
    for source in (stored, live):
        first, again, other = (
            source.views(len(positions), np.random.default_rng(seed)) for seed in (1, 1, 2)
        )
        made = source.varied(positions, first)
        assert torch.equal(source.varied(positions, again), made)
        assert not torch.equal(source.varied(positions, other), made)
        # Whoever makes the view of a face, alone or among others, makes the same one.
        torch.testing.assert_close(source.varied(positions[4:7], first[4:7]), made[4:7])


def test_metric_steps_tune_a_live_backbone_and_generator_steps_do_not(tiny: AgeModel) -> None:
    source = LiveFaces(tiny, face_sets([CROPS], fraction=0.3, seed=1)[0])
    config = MetricConfig(
        backbone="tuned", batch_size=8, hidden=8, dim=4, metric_epochs=1, generator_epochs=1,
        alternating_epochs=0, tau=0.15,
    )  # fmt: skip
    run = start_run(source, config)
    statistics = [b.clone() for b in tiny.backbone.buffers()]
    before = [p.detach().clone() for p in tiny.backbone.parameters()]
    run.advance()
    after = [p.detach().clone() for p in tiny.backbone.parameters()]
    assert all(not torch.equal(*pair) for pair in zip(before, after, strict=True))
    run.step = run.steps_per_epoch  # the first batch of the generator's epoch
    run.advance()
    assert all(torch.equal(*pair) for pair in zip(after, tiny.backbone.parameters(), strict=True))
    assert all(torch.equal(*pair) for pair in zip(statistics, tiny.backbone.buffers(), strict=True))
    assert any(name.startswith("backbone.") for name in run.weights())
