"""Layers that look at a whole batch, or draw for it, where each process has a share of it.

Letters: B rows of this process, C channels.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sadal_core.training.distributed import mean_of_all, share, size
from sadal_core.training.layers import exchange


class WholeBatchNorm(nn.BatchNorm2d):
    r"""Batch normalisation by the statistics of all processes' rows, on the processor.

    .. math:: \mu = \overline{\mu_r}, \qquad
        \sigma^2 = \overline{\sigma_r^2 + \mu_r^2} - \mu^2

    with the mean :math:`\mu_r` and the variance :math:`\sigma_r^2` of each share, of equal size.
    torch's own `SyncBatchNorm` does the same, on GPUs only.
    """

    def __init__(self, plain: nn.Module) -> None:
        assert isinstance(plain, nn.BatchNorm2d)
        super().__init__(plain.num_features, plain.eps, plain.momentum)
        self.load_state_dict(plain.state_dict())

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Rows normalised, and the moving statistics brought forward, the same everywhere."""
        if not self.training:
            return super().forward(input)
        own = input.float()
        variance, mean = torch.var_mean(own, dim=(0, 2, 3), correction=0)  # BCHW -> C
        mean, variance = mean.double(), variance.double()  # their difference is taken below
        mean, square = mean_of_all(torch.stack([mean, variance + mean.square()]))
        variance = square - mean.square()
        self._follow(mean.detach(), variance.detach(), size() * own.numel() // own.shape[1])
        factor = self.weight / (variance + self.eps).sqrt().float()
        made = own * factor[:, None, None] + (self.bias - mean.float() * factor)[:, None, None]
        return made.to(input.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the statistics that are used in eval, as batch normalisation does."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        unbiased = variance * (count / (count - 1))
        self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
        self.running_var.lerp_(unbiased.to(self.running_var), self.momentum)
        self.num_batches_tracked.add_(1)


class WholeBatchDropout(nn.Dropout):
    """Dropout that draws for the batch of all processes and applies what falls on its own rows.

    All draw from equal generators and as much, so that they stay equal, and one of them is enough
    to go on from.
    """

    def __init__(self, plain: nn.Module) -> None:
        assert isinstance(plain, nn.Dropout)
        super().__init__(plain.p)

    def forward(self, input: Float[Tensor, "b features"]) -> Float[Tensor, "b features"]:
        """Rows with their part of the mask."""
        return input * share(
            super().forward(input.new_ones((size() * len(input), *input.shape[1:])))
        )


def as_one_batch(model: nn.Module, device: torch.device) -> nn.Module:
    """`model` with layers that treat the shares of all processes as one batch.

    Args:
        model: on the processor, before it has an optimizer; changed in place. In one process it
            stays as it is.
        device: where it will compute.
    """
    if size() == 1:
        return model
    exchange(model, lambda layer: type(layer) is nn.Dropout, WholeBatchDropout)
    if device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    exchange(model, lambda layer: type(layer) is nn.BatchNorm2d, WholeBatchNorm)
    return model
