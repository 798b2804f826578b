"""Gradients of strided depthwise convolutions on processors, by kernels that are fast there.

torch hands the gradient by the input of such a layer to a kernel that takes, in bfloat16, as long
as tens of forward passes; three such layers of a MobileFaceNet are two fifths of a step.
Letters: B faces, C channels, H x W pixels.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sadal_core.training.layers import exchange

_DEVICE = "cpu"


class _Strided(torch.autograd.Function):
    r"""A depthwise convolution :math:`y = (x * w)_{2i, 2j}`, 3 x 3, padded by one pixel.

    .. math:: \frac{\partial L}{\partial x} = u * \bar w, \qquad u_{2i, 2j} = g_{ij},
        \text{ 0 elsewhere}

    with :math:`g` the gradient of y and :math:`\bar w` the filter turned around: a convolution
    of stride 1 again.
    """

    @staticmethod
    def forward(ctx: Any, x: Float[Tensor, "b c h w"], weight: Float[Tensor, "c 1 3 3"]) -> Tensor:
        ctx.save_for_backward(x, weight)
        return functional.conv2d(x, weight, None, 2, 1, 1, len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        channels = len(weight)
        gradient = gradients[0].contiguous(memory_format=torch.channels_last)
        spread = torch.zeros_like(x, memory_format=torch.channels_last)
        spread[:, :, ::2, ::2] = gradient
        of_input = functional.conv2d(spread, weight.flip(2, 3), None, 1, 1, 1, channels)
        of_weight = torch.ops.aten.convolution_backward(
            gradient, x, weight, None, [2, 2], [1, 1], [1, 1], False, [0, 0], channels,
            [False, True, False],
        )[1]  # fmt: skip
        return of_input, of_weight


class StridedDepthwise(nn.Conv2d):
    """A depthwise convolution of stride 2 with the gradient above; weights and values as before."""

    def __init__(self, plain: nn.Module) -> None:
        assert isinstance(plain, nn.Conv2d)
        super().__init__(
            plain.in_channels, plain.out_channels, 3, 2, 1, groups=plain.groups, bias=False
        )
        self.load_state_dict(plain.state_dict())

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
        """Every second pixel of the depthwise convolution."""
        weight = self.weight
        if torch.is_autocast_enabled(_DEVICE):  # which does not look into our function
            kind = torch.get_autocast_dtype(_DEVICE)
            input, weight = input.to(kind), weight.to(kind)
        made = _Strided.apply(input, weight)
        assert isinstance(made, Tensor)
        return made


def with_fast_gradients(model: nn.Module) -> None:
    """Let `StridedDepthwise` take the place of the layers of `model` that it can, in place."""
    exchange(model, _is_strided_depthwise, StridedDepthwise)


def _is_strided_depthwise(layer: nn.Module) -> bool:
    return (
        type(layer) is nn.Conv2d
        and layer.groups == layer.in_channels == layer.out_channels > 1
        and layer.kernel_size == (3, 3)
        and layer.stride == (2, 2)
        and layer.padding == (1, 1)
        and layer.dilation == (1, 1)
        and layer.bias is None
    )
