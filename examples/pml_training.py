"""SADAL's loss in an unmodified training loop of pytorch-metric-learning.

    python examples/pml_training.py [--epochs 8]

A linear embedding of the features of the bundled gallery is learned by the trainer
`MetricLossOnly`, to which `SimilarityAwarePairLoss` is a loss like any other. Half of the faces are
held out; on them it is told how well squared distances follow age gaps (Spearman's correlation),
before and after. Needs pytorch-metric-learning: pip install "sadal[train]".
"""

import argparse

import numpy as np
import torch
from pytorch_metric_learning.samplers import MPerClassSampler
from pytorch_metric_learning.trainers import MetricLossOnly
from sklearn.preprocessing import StandardScaler
from torch.nn import Identity, Linear
from torch.utils.data import TensorDataset

from sadal_core.collapse import order_correlation
from sadal_core.gallery.stored import BUNDLED_GALLERY, load_gallery
from sadal_core.pair_loss import SimilarityAwarePairLoss
from sadal_core.similarity import Similarity

BATCH, DIM = 128, 32


def main(epochs: int) -> tuple[float, float]:
    """The order on held-out faces before and after `epochs` epochs."""
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - the sampler draws from NumPy's global generator
    features, ages = bundled()
    learned, held_out = slice(0, None, 2), slice(1, None, 2)
    embedder = Linear(features.shape[1], DIM)
    before = order(features[held_out], ages[held_out])
    train(embedder, features[learned], ages[learned], epochs)
    with torch.no_grad():
        after = order(embedder(features[held_out]), ages[held_out])
    return before, after


def bundled() -> tuple[torch.Tensor, torch.Tensor]:
    """Standardised features of the gallery's faces, and their ages in years."""
    gallery = load_gallery(BUNDLED_GALLERY)
    features = StandardScaler().fit_transform(gallery.features)
    return torch.from_numpy(features), torch.from_numpy(gallery.ages)


def train(embedder: Linear, features: torch.Tensor, ages: torch.Tensor, epochs: int) -> None:
    """Learn in pytorch-metric-learning's loop; nothing of it is changed."""
    trainer = MetricLossOnly(
        models={"trunk": Identity(), "embedder": embedder},
        optimizers={"embedder_optimizer": torch.optim.Adam(embedder.parameters(), lr=1e-3)},
        batch_size=BATCH,
        loss_funcs={
            "metric_loss": SimilarityAwarePairLoss(
                Similarity("wing_norm"), tau=0.25, q_on="margin", largest_gap=116
            )
        },
        dataset=TensorDataset(features, ages),
        sampler=MPerClassSampler(ages, m=4, length_before_new_iter=len(ages)),
        dataloader_num_workers=0,
    )
    trainer.train(num_epochs=epochs)


def order(embeddings: torch.Tensor, ages: torch.Tensor) -> float:
    """Spearman's correlation of squared distances and age gaps over random pairs."""
    unit = torch.nn.functional.normalize(embeddings, dim=1).numpy()
    return order_correlation(unit, ages.numpy(), rng=np.random.default_rng(0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Learn a metric in the loop of pytorch-metric-learning."
    )
    parser.add_argument("--epochs", type=int, default=8)
    before, after = main(parser.parse_args().epochs)
    print(f"order of held-out faces: {before:.3f} before, {after:.3f} after")
